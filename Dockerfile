# One image for the three workers and the ecluse command: docs/production.md.
# glibc only: Temporal's native core has no build for Alpine. The version is package.json's `node` (a test compares).
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
# A mirror, where the registry is not reachable: --build-arg NPM_CONFIG_REGISTRY=https://…
ARG NPM_CONFIG_REGISTRY
COPY package.json package-lock.json .npmrc ./
# No install script: none of the production dependencies needs one.
RUN npm ci --omit=dev --ignore-scripts --no-progress
# The native core comes for five platforms; four of them are 109 MB that never run here.
RUN cd node_modules/@temporalio/core-bridge/releases \
 && keep="$(node -p '({ x64: "x86_64", arm64: "aarch64" })[process.arch]')-unknown-linux-gnu" \
 && test -d "$keep" \
 && find . -mindepth 1 -maxdepth 1 ! -name "$keep" -exec rm -r {} +
COPY src src
# Workflows are bundled once, here, by the worker's own version: bundling in each process costs 100 MB and seconds.
RUN mkdir dist && node src/workers/bundle.ts dist/workflows.js && test -s dist/workflows.js

FROM ${NODE_IMAGE}
# The native core verifies TLS by the system's roots, which slim images lack.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
# Neither npm nor yarn runs here; without them there is less to patch.
 && rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* \
# A named volume takes owner and mode of the folder under it: any uid may write (docker-compose.yml sets the owner of the secrets).
 && install --directory --mode 1777 /var/lib/ecluse/depot /var/lib/ecluse/ledger
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/src src
COPY verifiers verifiers
COPY witness witness
COPY deploy/entry.sh deploy/alive.ts deploy/
COPY LICENSE ./
# HOME: a uid without an entry in /etc/passwd has none.
ENV NODE_ENV=production \
    HOME=/tmp \
    ECLUSE_CONFIG=/etc/ecluse/ecluse.yaml \
    ECLUSE_WORKFLOW_BUNDLE=/app/dist/workflows.js
USER 10001:10001
STOPSIGNAL SIGTERM
# Healthy: the worker's event loop turned within the last minute (deploy/alive.ts).
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["/bin/sh", "-c", "find /tmp/ecluse-alive -mmin -1 | grep -q ."]
ENTRYPOINT ["/bin/sh", "/app/deploy/entry.sh"]
CMD ["--help"]
