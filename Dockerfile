# The predictor with both iris models inside. `npm run image` builds it; `docker build .` does too.
ARG NODE_VERSION=26.10.0
# cpu or cuda. cuda: also what a run on an NVIDIA card needs, and 2.5 GB larger (docs/gpu.md).
ARG VARIANT=cpu

# Of the platform that the image is for: its files are copied, and nothing runs in it.
FROM docker.io/library/node:${NODE_VERSION}-bookworm-slim AS node

# glibc and libstdc++, and nothing else: no shell, no package manager. Named here, as buildah 1.28 takes what it first sees named below
# the next stage of the platform of that one.
FROM gcr.io/distroless/cc-debian12:nonroot AS runtime

# Everything that runs, runs on the platform that builds: no emulation.
FROM --platform=$BUILDPLATFORM docker.io/library/node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY server/package.json server/
COPY sdk/package.json sdk/
# npm 11.6 leaves out the platform of esbuild where a workspace of the lock file is not there.
COPY examples/github-actions/package.json examples/github-actions/
COPY examples/hugging-face/package.json examples/hugging-face/
COPY examples/mlflow/package.json examples/mlflow/
COPY examples/node-service/package.json examples/node-service/
COPY examples/web-app/package.json examples/web-app/
# The secrets serve builds behind a proxy with a certificate authority of its own; without them they are skipped.
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=ca,target=/run/secrets/ca.pem \
    npm ci --workspace server --include-workspace-root=false --ignore-scripts \
    # npm goes on without a platform's package that it could not fetch, and this layer is kept.
    && node_modules/.bin/esbuild --version
COPY openapi.yaml LICENSE ./
COPY proto/ proto/
COPY server/ server/
COPY model/ model/
# Empty where a builder does not set it: then the image is for the platform that builds.
ARG TARGETARCH
RUN node server/build.ts /out/app ${TARGETARCH} \
    && mkdir -p /out/models \
    && cp -r model/v1 model/v2 /out/models/ \
    # What is served by default. No MODEL_DIR in the environment: MODELS_DIR would contradict it.
    && ln -s /models/v1 /out/app/model/v1

FROM build AS build-cpu

# ONNX Runtime's CUDA provider and CUDA itself, as Python's packages have them: the npm package is too small for them.
# Of exactly the version of onnxruntime-node, as the provider speaks to its insides.
FROM build AS build-cuda
ARG TARGETARCH
RUN if [ "${TARGETARCH:-amd64}" != amd64 ]; then \
      echo "VARIANT=cuda is for linux/amd64 only, as onnxruntime-gpu is; got linux/$TARGETARCH." >&2; exit 1; fi
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-pip
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=ca,target=/run/secrets/ca.pem \
    if [ -f /run/secrets/ca.pem ]; then export PIP_CERT=/run/secrets/ca.pem; fi \
    && version="$(node --print "require('onnxruntime-node/package.json').version")" \
    && python3 -m pip install --quiet --only-binary=:all: --target /cuda "onnxruntime-gpu[cuda,cudnn]==$version" \
    && mv /cuda/onnxruntime/capi/libonnxruntime_providers_shared.so /cuda/onnxruntime/capi/libonnxruntime_providers_cuda.so \
        /out/app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/ \
    && mkdir -p /out/usr/lib/x86_64-linux-gnu \
    && find /cuda/nvidia -name 'lib*.so.*' -exec mv --target-directory /out/usr/lib/x86_64-linux-gnu {} + \
    # The rest would double the layer.
    && rm -r /cuda
# What cuDNN needs and the runtime base does not have.
RUN cp --dereference /lib/x86_64-linux-gnu/libz.so.1 /out/usr/lib/x86_64-linux-gnu/

FROM build-${VARIANT} AS built

FROM runtime
COPY --from=node /usr/local/bin/node /usr/local/bin/
# The one library that Node needs and this base does not have. ld.so looks here on every platform.
COPY --from=node /usr/lib/*-linux-gnu/libatomic.so.1* /usr/lib/
COPY --from=built /out/ /
ENV NODE_ENV=production
WORKDIR /app
USER 65532:65532
EXPOSE 5000
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=8", "/app/server/dist/main.js"]
CMD ["serve"]
