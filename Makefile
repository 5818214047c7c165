# The two commands: `make demo` shows the whole circle, `make test` proves it.
# Both set themselves up: Python 3.11 or later and make are all that is needed.
PYTHON ?= python3
BIN := .venv/bin
unexport PYTHONDONTWRITEBYTECODE  # each process of the tests would compile all of them again
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)

.PHONY: bench demo test test-all compiled test-desks test-units coverage faults gallery docs setup setup-test lint lock clean

demo: setup
	$(BIN)/maild demo

test: setup-test         # three things beside each other: one computes where another waits
	@tests/install-servers.sh
	@$(MAKE) --no-print-directory -j 3 lint test-all

test-all: compiled
	@$(MAKE) --no-print-directory test-desks test-units

compiled:                # by one process, or each of the tests' would compile all that is new
	@$(BIN)/pytest --collect-only -qq >/dev/null 2>&1 || true  # what is wrong the tests say

test-desks:              # with real servers, for which many of them wait; nice to the one of units
	nice $(BIN)/pytest -n 6 --dist worksteal --ignore=tests/unit

test-units:              # of one piece each, by one process: they wait for nobody; told at the end
	@mkdir -p build
	@$(BIN)/pytest tests/unit >build/test-units.txt 2>&1; \
		passed=$$?; cat build/test-units.txt; exit $$passed

coverage: setup-test     # the lines and branches that the unit tests run; lowest first
	$(BIN)/pytest -n 2 --dist worksteal tests/unit --cov --cov-report=
	@$(BIN)/coverage report --sort=cover --skip-covered | sed -n '3,14p;$$p'

faults: setup-test       # everything that can go wrong, a thousand kills among it; an hour
	$(BIN)/python -m tests.faults.suite $(FAULTS)   # FAULTS="--seed 7 --kills 100 --rounds 1"
	@# FAULTS="--load 10": ten minutes of mail, one of two and of three daemons killed all the time

lint: setup-test         # all that needs no server: what a commit must pass
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup-test        # each figure beside its reference in the same run; docs/performance.md
	for name in core "ingest --postgresql" startup parse match rules outbox watch latency burst daemon many web daemons large; do \
		echo "== $$name" && $(BIN)/python -m benchmarks.$$name || exit 1; done

gallery: setup-test      # every notification as a page and as pictures
	$(BIN)/python -m tests.gallery build/gallery

docs: setup-test         # the pages that are made from what they describe
	$(BIN)/maild templates manual > docs/templates.md
	$(BIN)/maild commands docs > docs/commands.md
	for page in rules profiles profile-keys who; do $(BIN)/maild rules docs $$page > docs/$$page.md; done
	$(BIN)/python -m tests.rows

setup: .venv/.installed
setup-test: .venv/.installed-test

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet uv

.venv/.installed: requirements.lock pyproject.toml $(filter .uv/bin/uv,$(UV))
	test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

.venv/.installed-test: requirements-test.lock .venv/.installed
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-test.lock
	touch $@

lock: $(filter .uv/bin/uv,$(UV))      # renews both lock files
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url pyproject.toml -o requirements.lock
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --extra test pyproject.toml -o requirements-test.lock

clean:
	rm -rf .venv .uv build
