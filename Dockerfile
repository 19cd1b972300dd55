# One image for every part: web, workers, beat. Models travel in it; nothing is downloaded later.
FROM python:3.11-slim-bookworm

# Read by pip: where PyTorch's build for CPUs is, several GB smaller than the one it takes otherwise.
ARG PIP_EXTRA_INDEX_URL

# pg_dump and its fellows: what `listening backup` runs, of the release that compose.yaml names.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
# Without the code first, so that a change to it does not install everything anew.
COPY pyproject.toml constraints.txt ./
RUN pip install --no-cache-dir --constraint constraints.txt torch==2.13.0 \
    && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > /tmp/asked.txt \
    && pip install --no-cache-dir --constraint constraints.txt --requirement /tmp/asked.txt

COPY . .
# Editable: the models and their manifest are found beside the code.
RUN pip install --no-cache-dir --no-deps --editable . \
    && useradd --create-home --uid 10001 listening \
    && install --directory --owner listening --group listening /data

USER listening
ENV LISTENING_DATA_DIR=/data
VOLUME /data
EXPOSE 8765
ENTRYPOINT ["listening"]
CMD ["up", "--host", "0.0.0.0"]
