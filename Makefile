# make book                     quick, about 35 minutes on two cores: runs/quick/book/index.html
# make book PROFILE=smoke       every chapter in minutes; its numbers mean nothing
# make book PROFILE=full RUN=a  a run of another name
# make book MANIFESTS=folder    real cohorts, as the manifests in that folder describe them; the others simulated
# make book PARTS=8             reading and cleaning of each large cohort as eight jobs, for many cores or a cluster
# make chapter N=06             one chapter of the run again, and whatever before it is missing
# make lab                      JupyterLab on the notebooks, in the book's environment
# make compare A=runs/a B=runs/b    two runs side by side: which differences exceed their intervals
# make pdf                      the book of the run in one file, printed by Chromium
# make slides                   the book's figures with what to take away, as slides in one file
# make student FOLDER=student   notebooks and book sources without the exercises' solutions
# make test                     unit tests, and every chapter of the smoke profile as a book
PROFILE ?= quick
RUN ?=
MANIFESTS ?=
PARTS ?=
PYTHON ?= python3
CORES ?= all
# what make book and make chapter pass on to snakemake, such as --dry-run
OPTIONS ?=
# what make lab passes on to JupyterLab, such as --no-browser
LAB ?=
N ?=
A ?=
B ?=
FORCE ?=
FOLDER ?= student
# processes that share the tests
WORKERS ?= 2

VENV := .venv
READY := $(VENV)/ready
# relative: make takes a space in an absolute path for the end of a name
BIN := $(VENV)/bin

BUILD = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m cardiacnets.report.build --profile "$(PROFILE)" --run "$(RUN)" \
	--manifests "$(MANIFESTS)" --parts "$(PARTS)" --cores "$(CORES)"
CHAPTER = chapter_$(basename $(notdir $(wildcard notebooks/$(N)_*.ipynb)))

.PHONY: book chapter lab compare pdf slides student test environment clean writable

book: writable $(READY)
	$(BUILD) $(OPTIONS)

chapter: writable $(READY)
	@test "$(CHAPTER)" != chapter_ || { echo "error: N=$(N): no such chapter; make chapter N=06 runs notebooks/06_*.ipynb" >&2; exit 1; }
	$(BUILD) $(CHAPTER) --forcerun $(CHAPTER) $(OPTIONS)

# the kernel of this environment, even where another of its name is installed for the user
lab: writable $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" JUPYTER_PREFER_ENV_PATH=1 $(BIN)/jupyter-lab --ServerApp.root_dir="$(CURDIR)" \
		--LabApp.default_url=/lab/tree/notebooks $(LAB)

compare: $(READY)
	@test -n "$(A)" -a -n "$(B)" || { echo "error: which runs? make compare A=runs/quick B=runs/seed_2" >&2; exit 1; }
	$(BIN)/python -m cardiacnets.report.compare "$(A)" "$(B)" $(if $(FORCE),--force)

pdf: writable $(READY)
	$(BIN)/python -m cardiacnets.report.pdf --profile "$(PROFILE)" --run "$(RUN)" --manifests "$(MANIFESTS)"

slides: writable $(READY)
	$(BIN)/python -m cardiacnets.report.slides --profile "$(PROFILE)" --run "$(RUN)" --manifests "$(MANIFESTS)"

student: writable $(READY)
	$(BIN)/python -m cardiacnets student "$(FOLDER)"

test: writable $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -q -n $(WORKERS) --no-loadscope-reorder

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
