# Two images of one static binary: `--target argocd`, the sidecar of Argo CD's repo-server, and `--target krm`, the function of
# kustomize and kpt. Nothing else is in them: no shell, no libraries.
FROM docker.io/library/rust:1.95-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin wukong-render
# kyaml runs a function as the user `nobody`, by name.
RUN printf 'nobody:x:65534:65534:nobody:/:/sbin/nologin\nargocd:x:999:999:argocd:/home/argocd:/sbin/nologin\n' > /passwd

FROM scratch AS binary
COPY --from=build /src/target/release/wukong-render /usr/local/bin/wukong-render
COPY --from=build /passwd /etc/passwd
LABEL org.opencontainers.image.title="wukong-render" \
      org.opencontainers.image.description="Compiles Wukong VM resources into NMState and Multus manifests" \
      org.opencontainers.image.licenses="Apache-2.0"

FROM binary AS krm
USER 65534
ENTRYPOINT ["/usr/local/bin/wukong-render", "krm"]

FROM binary AS argocd
COPY deploy/argocd/plugin.yaml /home/argocd/cmp-server/config/plugin.yaml
USER 999
ENTRYPOINT ["/usr/local/bin/wukong-render"]
