FROM rust:1-slim-bookworm AS build
WORKDIR /build
COPY . .
# The caches outlive a changed source file, so that dependencies are compiled once.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked && cp target/release/orderboard /orderboard

# The binary holds its assets, languages and migrations: nothing else is needed. (openssl makes the
# certificate of docker-compose.yml.)
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends openssl && \
    rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --no-create-home orderboard
COPY --from=build /orderboard /usr/local/bin/orderboard
USER orderboard
EXPOSE 8080
ENTRYPOINT ["orderboard"]
CMD ["serve"]
