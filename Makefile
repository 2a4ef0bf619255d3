# `make` lists what can be typed. Everything is installed below this folder, nothing outside.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
PYTEST_ARGS ?=

fcgitops := .venv/bin/fcgitops
python := .venv/bin/python
# The pinned kustomize is found first once `make tools` has installed it; $KUSTOMIZE beats it.
export PATH := $(CURDIR)/.tools/bin:$(PATH)
# Every program that a test starts would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

# The tests make hundreds of small repositories: in memory, where there is room for them.
room := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 1000000 {print "/dev/shm"}')
pytest = $(if $(room),PYTEST_DEBUG_TEMPROOT=$(room)) $(python) -m pytest -q
# Three workers, since tests wait for programs that they start: on two idle cores `make test` took
# 81 s with them and 84 s with four, each of which collects all tests; in a slower hour of the same
# machine 95 s with them and 116 s with two.
parallel = $(pytest) -n 3 --dist worksteal

.PHONY: help
help: ## what can be typed
	@awk -F' ## ' '/^[a-z0-9-]+:.* ## / {sub(/:.*/, "", $$1); printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "environment variables of kind-test:" && sed -n 's/^#: /  /p' $(MAKEFILE_LIST)

.PHONY: demo
demo: .venv/ready kustomize ## a repository under build/demo/ with two environments, built
	@rm -rf build/demo && mkdir -p build
	@git var GIT_COMMITTER_IDENT >/dev/null 2>&1 && [ -n "$$(git config user.email)" ] \
	  || { echo "note: Git does not know who you are yet; the demo commits as demo@localhost" >&2; \
	       export GIT_AUTHOR_NAME=demo GIT_AUTHOR_EMAIL=demo@localhost \
	              GIT_COMMITTER_NAME=demo GIT_COMMITTER_EMAIL=demo@localhost; }; \
	$(fcgitops) new build/demo --env dev --env prod=customized-config --no-input
	@$(fcgitops) -C build/demo verify
	@$(fcgitops) -C build/demo build --output build
	@$(fcgitops) -C build/demo report --output ../demo.html
	@echo "look:  git -C build/demo log --stat; ls build/demo/build; cat build/demo/README.md"
	@echo "       build/demo.html in a browser: the environments on a page"
	@echo "next:  cd build/demo && make help"

.PHONY: test
test: .venv/dev kustomize pinned ## the test suite, but for what is slow or needs a cluster
	@FEW_EXAMPLES=1 $(parallel) --ignore=tests/e2e --ignore=tests/kind -m 'not cluster and not kind and not slow' $(PYTEST_ARGS)

# `>=` of the list of dependencies becomes `==`.
oldest = $(shell awk '/^dependencies = / {on = 1} /^]/ {on = 0} on' pyproject.toml | sed -n 's/^ *"\([A-Za-z0-9-]*\)>=\([0-9.]*\)".*/\1==\2/p')
.PHONY: oldest
oldest: .venv/dev ## the test suite with the oldest libraries that pyproject.toml allows
	@$(python) -m venv --clear .venv/oldest
	@.venv/oldest/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@.venv/oldest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $(oldest)
	@$(MAKE) test python=.venv/oldest/bin/python

.PHONY: faults
faults: .venv/dev ## [FAULTS_EVERY=3]: kill, or fail, the commands that write at each call that changes a file
	@FAULTS_EVERY=$(or $(FAULTS_EVERY),1) $(parallel) tests/faults $(PYTEST_ARGS) \
	  | PYTHONPATH=tests $(python) -m faults.report docs/promises.md

.PHONY: e2e
e2e: .venv/dev kustomize ## real Argo CD, Flux and FrameworkController on a real API server, without Docker, and what is slow besides
	@$(pytest) -n 2 --dist loadfile -m 'cluster or slow or property' --durations=8 $(PYTEST_ARGS)

# The settings of kind-test, as in a generated repository:
#: KIND_NODE_IMAGE              the node's image, and with it the Kubernetes version; kind's own by default
#: KIND_CONFIG                  a file that describes the cluster to kind
#: FRAMEWORKCONTROLLER_IMAGE    what runs as FrameworkController; frameworkcontroller/frameworkcontroller:v1.0.0
#: TASK_IMAGE                   what the Frameworks' tasks run, which takes a shell; busybox by default
#: NNI_IMAGE                    with NNI=1, what managers and trials run; msranni/nni:v3.0 by default
# Of NNI=1 alone, since its experiments take minutes, and a cluster to themselves.
kinds = kind and $(if $(NNI),nni,not nni)
.PHONY: kind-test
kind-test: .venv/dev kustomize ## [REPEAT=20] [NNI=1]: real kubelets in kind clusters made for it; NNI=1: an NNI experiment on one
	@for run in $$(seq $(or $(REPEAT),1)); do \
	  $(pytest) -m '$(kinds)' --durations=8 $(PYTEST_ARGS) || exit 1; \
	done

.PHONY: coverage
coverage: .venv/dev kustomize pinned ## the same, with line coverage of the package
	@$(parallel) -m 'not cluster and not kind' --cov=fcgitops --cov-report=term-missing:skip-covered --cov-fail-under=93 $(PYTEST_ARGS)

.PHONY: golden
golden: .venv/dev ## write the golden repositories anew; read their diff before you commit
	@UPDATE_GOLDEN=1 $(python) -m pytest -q tests/golden
	@git status --short tests/golden

page = $(python) -c 'from fcgitops.$(1) import reference; print(reference.page(), end="")'
.PHONY: docs
docs: .venv/ready ## write docs/commands.md, docs/configuration.md, docs/nni-check.md, docs/diff.md, docs/promotion.md and every table of checks anew
	@$(call page,cli) > docs/commands.md
	@$(call page,fcconfig) > docs/configuration.md
	@$(call page,nnifile) > docs/nni-check.md
	@PYTHONPATH=tests $(python) -c 'from fcgitops.diff import reference; import proofs; print(reference.page(proofs.proven()), end="")' > docs/diff.md
	@$(call page,promotion) > docs/promotion.md
	@$(python) -c 'import sys, pathlib; from fcgitops.verify import catalogue; catalogue.write(pathlib.Path(sys.argv[1]))' $(generated)/docs/fcgitops/checks.md

.PHONY: site
site: .venv/dev ## the docs as pages, in build/site/; strict about links
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet && echo "look:  build/site/index.html in a browser"

.PHONY: pictures
pictures: .venv/dev kustomize ## make the pictures of the docs anew: sessions as SVG, the page of `report` by Chromium
	@$(python) tests/pictures.py docs/pictures

.PHONY: kubernetes-schemas
kubernetes-schemas: .venv/ready ## write kubernetes/schema.json anew, from Go's module proxy; takes Go
	@$(python) tests/kubernetes_schemas.py

generated := '{{cookiecutter.repo_slug}}'
.PHONY: lint
lint: .venv/dev ## ruff; zizmor, actionlint and the forges' schemas on workflows; repo-review on the whole
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/zizmor --offline --quiet .github action.yml $(generated)/.github
	@.venv/bin/repo-review . >/dev/null || .venv/bin/repo-review .
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml $(generated)/.github/workflows/*.yml
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-actions action.yml
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.gitlab-ci $(generated)/.gitlab-ci.yml
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.renovate $(generated)/renovate.json
	@[ -x .tools/bin/actionlint ] || { command -v go >/dev/null && GOBIN=$(CURDIR)/.tools/bin go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12; } \
	  || echo "note: no actionlint, as there is no Go or no network: it has not read the workflows" >&2
	@[ ! -x .tools/bin/actionlint ] || .tools/bin/actionlint .github/workflows/*.yml $(generated)/.github/workflows/*.yml

.PHONY: types
types: .venv/dev ## mypy, strict
	@.venv/bin/mypy
	@MYPYPATH=generator:tests .venv/bin/mypy --follow-imports=silent benchmarks/*.py

.PHONY: wheel
wheel: .venv/dev ## the wheel, in dist/, installed into an environment of its own and used there
	@rm -rf dist && $(python) -m build --quiet --wheel --outdir dist
	@$(python) tests/wheel.py dist/*.whl

.PHONY: bench
bench: .venv/dev kustomize pinned ## times side by side with what users would do instead
	@$(others) || true
	@$(python) benchmarks/run.py

# What follows a template, as users would otherwise have it.
others = [ -x .tools/followers/bin/copier ] || { $(PYTHON) -m venv --clear .tools/followers \
  && .tools/followers/bin/pip install --quiet cruft==2.16.0 copier==9.19.1; }
.PHONY: followers
followers: .venv/dev kustomize ## what becomes of edits when a template is updated, beside cruft and copier, and what it costs
	@$(others)
	@$(python) benchmarks/followers.py .tools/followers/bin

.PHONY: tools
tools: .venv/ready ## install the pinned kustomize into .tools/bin
	@$(fcgitops) tools --into .tools/bin

.PHONY: clean
clean: ## remove everything that was made here
	@rm -rf .venv .tools build dist

# Any kustomize will do for a user; where there is none, the pinned one is installed.
.PHONY: kustomize
kustomize: .venv/ready
	@[ -n "$$KUSTOMIZE" ] || command -v kustomize >/dev/null || command -v kubectl >/dev/null \
	  || $(fcgitops) tools --into .tools/bin >/dev/null

# The tests compare two versions; without the pinned one they say that they skip it.
.PHONY: pinned
pinned: .venv/ready
	@[ -x .tools/bin/kustomize ] || $(fcgitops) tools --into .tools/bin >/dev/null \
	  || echo "note: no pinned kustomize; the tests that compare two versions skip" >&2

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("error: Python 3.11 or newer is needed, this is %d.%d (make PYTHON=python3.11 …)" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "error: this Python has no venv; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "installing into .venv …" >&2
	@$(PYTHON) -m venv --clear .venv
	@$(python) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/dev: .venv/ready
	@echo "installing what the tests need …" >&2
	@$(python) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
