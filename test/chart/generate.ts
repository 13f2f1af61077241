// Writes what the chart has of its values: the schema, and what its templates know of it. `npm run chart:docs` calls it.
import { writeFileSync } from 'node:fs';
import { kindsFile, makeKinds, makeSchema, schemaFile } from './schema.ts';
import { makeTemplatePlaces, templatePlacesFile } from './template-places.ts';

writeFileSync(schemaFile, makeSchema());
writeFileSync(kindsFile, makeKinds());
writeFileSync(templatePlacesFile, makeTemplatePlaces());
