#!/usr/bin/env node
// npm links a command only where its file is there, which in a clone dist/ is not before the SDK is built.
import '../dist/cli/main.js';
