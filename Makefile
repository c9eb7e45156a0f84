# make book                     quick, about 30 minutes on two cores: runs/quick/book/index.html
# make book PROFILE=smoke       every chapter in minutes; its numbers mean nothing
# make book PROFILE=full RUN=a  a run of another name
# make book MANIFESTS=folder    real cohorts, as the manifests in that folder describe them; the others simulated
# make book PARTS=8             reading and cleaning of each large cohort as eight jobs, for many cores or a cluster
# make test                     unit tests, and every chapter of the smoke profile as a book
PROFILE ?= quick
RUN ?=
MANIFESTS ?=
PARTS ?=
PYTHON ?= python3
CORES ?= all
# processes that share the tests
WORKERS ?= 2

VENV := .venv
READY := $(VENV)/ready
# relative: make takes a space in an absolute path for the end of a name
BIN := $(VENV)/bin

.PHONY: book test environment clean writable

book: writable $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m cardiacnets.report.build --profile "$(PROFILE)" --run "$(RUN)" \
		--manifests "$(MANIFESTS)" --parts "$(PARTS)" --cores "$(CORES)"

test: writable $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup

writable:
	@test -w . || { echo "error: $(CURDIR): not writable, and the environment and runs are kept here: use a copy" >&2; exit 1; }

environment: $(READY)

# stamps are written last, so that a broken install is done again
$(VENV)/locked: requirements.lock judge.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --requirement judge.lock
	touch $@

$(READY): $(VENV)/locked pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) .snakemake
