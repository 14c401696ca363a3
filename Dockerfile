# The one image of txcat: code location, web server, daemon, ML service, API and upgrade are its commands.
# Built in two stages, so that nothing of what builds it is in it.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements/bootstrap.txt requirements/runtime.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
    && uv venv /srv/venv \
    && uv pip install --no-cache --python /srv/venv --compile-bytecode --require-hashes \
        -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY txcat_assets txcat_assets
COPY ml_api ml_api
COPY reporting_api reporting_api
COPY txcat_web txcat_web
COPY txcat_marts txcat_marts
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
    && uv pip install --no-cache --python /srv/venv --compile-bytecode --no-deps dist/*.whl

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home txcat \
    && mkdir -p /var/lib/dagster/storage /var/lib/txcat /inbox /reports \
    && chown -R txcat /var/lib/dagster /var/lib/txcat /reports
COPY --from=build /srv/venv /srv/venv
COPY deploy /srv/txcat/deploy
COPY deploy/dagster.yaml /var/lib/dagster/dagster.yaml
ENV PATH=/srv/venv/bin:$PATH DAGSTER_HOME=/var/lib/dagster PYTHONUNBUFFERED=1
WORKDIR /srv/txcat
USER 10001
EXPOSE 3000 4000 8900 8910
ENTRYPOINT ["deploy/entrypoint.sh"]
CMD ["dagster", "api", "grpc", "--host", "0.0.0.0", "--port", "4000", "--max-workers", "32", "--module-name", "txcat_assets.definitions"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --start-interval=1s \
    CMD ["deploy/answers.py", "grpc://127.0.0.1:4000"]
