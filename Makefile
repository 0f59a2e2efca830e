# make help lists the targets. Only Go is needed for run, build and install; test and verify install what else they use.

SHELL      := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS  += --no-builtin-rules
.DEFAULT_GOAL := help

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
ENV      ?= prod
FORMATS  := manifests helm kustomize argocd
PLATFORMS ?= linux/amd64 linux/arm64
BENCH    ?= .
FUZZTIME ?= 20s
SHARED   := $(or $(ONGGI_SHARED),../shared)
# Tests run in the folder of their package, so the path has to be absolute.
export ONGGI_SHARED := $(if $(wildcard $(SHARED)/crds),$(abspath $(SHARED)))
IMAGE    ?= ghcr.io/onggi-db/onggi
# PG=17 runs the servers of every test and run as PostgreSQL 17: see make postgres.
ifdef PG
export ONGGI_POSTGRES := $(CURDIR)/.cache/postgres/$(PG)/bin
export PATH := $(ONGGI_POSTGRES):$(PATH)
endif

LDFLAGS  := -s -w -X main.version=$(VERSION)
BUILD    := CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)'
# The agent speaks no HTTP/2, and the text of its program is memory of every pod: what is its own is not inlined.
AGENT    := -tags nethttpomithttp2 -gcflags=github.com/onggi-db/onggi/...=-l
COMMANDS := $(patsubst cmd/%/main.go,%,$(wildcard cmd/*/main.go))
# Programs of the checks. They stand below a dot folder, which ./... leaves out.
CI       := ./.ci/schemas ./.ci/judges ./.ci/bench ./.ci/web
BIN      := .cache/bin

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: ## render examples/homelab for ENV=prod in all four formats into build/homelab
	@go build -ldflags '-X main.version=$(VERSION)' -o build/bin/onggi ./cmd/onggi
	@for format in $(FORMATS); do \
		build/bin/onggi render examples/homelab --env $(ENV) --format $$format -o build/homelab/$$format; \
	done
	@echo
	@for format in $(FORMATS); do \
		printf '%-10s %3d files in build/homelab/%s\n' $$format \
			"$$(find build/homelab/$$format -type f -not -name '.onggi-*' | wc -l)" $$format; \
	done

.PHONY: test
test: tools ## run every test and the judges, with the tools they ask; installs these where it may
	@failed=0; $(MAKE) --no-print-directory judges || failed=1; \
	ONGGI_REQUIRE_TOOLS=$$(.ci/install --check && echo 1) go test -timeout 20m ./... $(CI) || failed=1; \
	go -C .ci/chaos test ./... || failed=1; \
	go test ./sidecars/ha/hatest -count=1 -v -run TestSwarm -seeds 2000 || failed=1; \
	timeout 15m $(MAKE) --no-print-directory $(BIN)/.apiserver || echo "chaos-short: not run: kube-apiserver was not built within 15 minutes"; \
	[ ! -e $(BIN)/.apiserver ] || $(MAKE) --no-print-directory chaos-short || failed=1; \
	exit $$failed

.PHONY: model
model: ## search every interleaving of the permit protocol, the large ones too (minutes, some GB)
	ONGGI_MODEL=long go test -count=1 -timeout 30m -v ./sidecars/ha/permitmodel | grep -v '^=== '

SEEDS ?= 100000
FROM  ?= 1000000
.PHONY: sim sim-long
sim: ## run the decision core of the agent through 2,000 random histories, and see that every known mistake in it is found
	@go test ./sidecars/ha/hatest -count=1 -v -run 'TestSwarm|TestMutants|TestScenarios' -seeds 2000

sim-long: ## the same with SEEDS=100000 histories from FROM=1000000 on, for nights
	@go test ./sidecars/ha/hatest -count=1 -v -timeout 24h -run TestSwarm -seeds $(SEEDS) -from $(FROM)

.PHONY: judges
judges: tools ## show the goldens to yamllint, kubeconform and kube-score
	@if [ ! -d $(SHARED)/crds ]; then echo "judges: not asked, since $(SHARED)/crds is not there: set ONGGI_SHARED"; exit 0; fi; \
	$(MAKE) -s --no-print-directory .cache/schemas/.stamp; \
	dirs="$(if $(wildcard testdata/golden),-all testdata/golden) $(wildcard examples)"; \
	ONGGI_REQUIRE_TOOLS=$$(.ci/install --check && echo 1) go run ./.ci/judges $$dirs

.PHONY: verify
verify: verify-format verify-vet verify-static verify-modules verify-rules verify-generated ## check form, imports, modules and that generated files are current
	@echo "verify: all good"

.PHONY: verify-format verify-vet verify-static verify-modules verify-rules verify-generated
verify-format:
	@echo "== gofmt"
	@bad=$$(git ls-files -co --exclude-standard '*.go' | xargs -r ls -d 2>/dev/null | xargs -r gofmt -l); \
	if [ -n "$$bad" ]; then echo "not formatted, run gofmt -w:"; echo "$$bad"; exit 1; fi

verify-vet:
	@echo "== go vet"
	@go vet ./... $(CI)
	@go -C .ci/chaos vet ./...
	@go -C .ci/s3 vet ./...
	@go -C .ci/gcs vet ./...

verify-static: $(BIN)/.stamp
	@echo "== staticcheck"
	@$(BIN)/staticcheck ./... $(CI)
	@cd .ci/chaos && $(CURDIR)/$(BIN)/staticcheck ./...

verify-modules:
	@echo "== go mod tidy"
	@go mod tidy -diff
	@go -C .ci/tools mod tidy -diff
	@go -C .ci/chaos mod tidy -diff
	@go -C .ci/s3 mod tidy -diff
	@go -C .ci/gcs mod tidy -diff

verify-rules:
	@echo "== import, size and text rules"
	@go test -count=1 ./render/internal/archtest

verify-generated:
	@echo "== generated files"
	@.ci/generated

# As Helm's own Makefile has it. Without these it takes Kubernetes for 1.20.
HELMFLAGS := -s -w $(foreach p,chartutil lint/rules,-X helm.sh/helm/v3/pkg/$p.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/$p.k8sVersionMinor=37)
# The benchmarks run with the collector as the program sets it: cmd/onggi/collector.
.PHONY: bench
bench: ## print the table of docs/performance.md; BENCHFLAGS='-runs 5 -fleets 100' is a quick look
	@mkdir -p $(BIN) .cache/bench
	@$(BUILD) -o .cache/bench/onggi ./cmd/onggi
	@CGO_ENABLED=0 go -C .ci/helm3 build -trimpath -ldflags '$(HELMFLAGS)' -o $(CURDIR)/$(BIN)/helm3 helm.sh/helm/v3/cmd/helm
	@go build -o .cache/bench/bench ./.ci/bench
	@GOGC=400 go test -run '^$$' -bench '$(BENCH)' -benchmem -count 5 -benchtime 0.3s ./render ./render/manifest ./render/tree | tee .cache/bench/go.txt >&2
	@.cache/bench/bench -go .cache/bench/go.txt $(BENCHFLAGS)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME=20s
	@git ls-files -co --exclude-standard '*_test.go' | xargs grep -HoE '^func Fuzz\w+' | sort | \
	while IFS=: read -r file func; do \
		dir=$$(dirname "$$file"); name=$${func#func }; \
		echo "== $$dir $$name"; \
		go test "./$$dir" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) </dev/null; \
	done

.PHONY: build
build: ## build static binaries for PLATFORMS into dist, with checksums
	@mkdir -p dist
	@for command in $(COMMANDS); do for platform in $(PLATFORMS); do \
		os=$${platform%/*}; arch=$${platform#*/}; \
		echo "dist/$${command}_$${os}_$$arch"; \
		tags=; [ $$command != onggi-agent ] || tags='$(AGENT)'; \
		GOOS=$$os GOARCH=$$arch $(BUILD) $$tags -o "dist/$${command}_$${os}_$$arch" "./cmd/$$command"; \
	done; done
	@for platform in $(PLATFORMS); do \
		ln -sf "onggi_$${platform%/*}_$${platform#*/}" "dist/kubectl-onggi_$${platform%/*}_$${platform#*/}"; \
	done
	@cd dist && sha256sum onggi*_* > checksums.txt

.PHONY: image
image: ## build the images of the command line, of the agent and of the Argo CD plugin; needs a Docker engine
	@docker info >/dev/null 2>&1 || { echo "image: no Docker engine answers (docker info): install one or start it"; exit 1; }
	docker build --file cmd/onggi/Dockerfile --build-arg VERSION=$(VERSION) --tag $(IMAGE):$(VERSION) .
	docker build --file cmd/onggi-agent/Dockerfile --build-arg VERSION=$(VERSION) --tag $(IMAGE)-agent:$(VERSION) .
	docker build --file sidecars/backup/image/Dockerfile --tag ghcr.io/onggi-db/postgres:17 sidecars/backup/image
	docker build --file cmd/onggi-cmp/Dockerfile --build-arg VERSION=$(VERSION) --tag $(IMAGE)-cmp:$(VERSION) .

.PHONY: e2e-argocd
e2e-argocd: $(BIN)/argocd-cmp.test ## run the Argo CD plugin in the real argocd-cmp-server; builds it once, which takes minutes
	@mkdir -p .cache/e2e
	@go build -o .cache/e2e/ ./cmd/onggi-cmp ./cmd/onggi
	@cd .ci/cmp && ONGGI=$(CURDIR)/.cache/e2e/onggi ONGGI_CMP=$(CURDIR)/.cache/e2e/onggi-cmp $(CURDIR)/$(BIN)/argocd-cmp.test -test.v -test.timeout 10m

# Argo CD's server and the tests in it are one program, so that Argo CD is linked once.
$(BIN)/argocd-cmp.test: $(wildcard .ci/cmp/*.go) .ci/cmp/go.mod .ci/cmp/go.sum
	@echo "building argocd-cmp-server and its tests into $(BIN)"
	@mkdir -p $(BIN)
	@go -C .ci/cmp test -c -o $(CURDIR)/$@ .

.PHONY: tools
tools: ## install what the tests and checks ask: yamllint, promtool, Postgres and pgBackRest with apt-get, the rest with Go
	@.ci/install
	@$(MAKE) -s --no-print-directory $(BIN)/.stamp || echo "not installed: staticcheck, kubeconform, kube-score; the checks that ask them are skipped or fail"

$(BIN)/.stamp: .ci/tools/go.mod .ci/tools/go.sum
	@echo "building staticcheck, kubeconform and kube-score into $(BIN)"
	@mkdir -p $(BIN)
	@GOBIN=$(CURDIR)/$(BIN) go -C .ci/tools install tool
	@touch $@

# Kubernetes' own API server and the store behind it. Some ten minutes of work, once.
KUBE := v1.34.4
$(BIN)/.apiserver: .ci/apiserver/go.mod .ci/apiserver/go.sum
	@echo "building kube-apiserver $(KUBE) and etcd into $(BIN)"
	@mkdir -p $(BIN)
	@CGO_ENABLED=0 go -C .ci/apiserver build -ldflags '-s -w -X k8s.io/component-base/version.gitVersion=$(KUBE)' -o $(CURDIR)/$(BIN)/kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
	@CGO_ENABLED=0 go -C .ci/apiserver build -ldflags '-s -w' -o $(CURDIR)/$(BIN)/etcd go.etcd.io/etcd/server/v3
	@touch $@

.PHONY: postgres
postgres: ## build PostgreSQL PG=17 and pgBackRest from Debian's sources, in five minutes; then make TARGET PG=17 runs servers of that version
	@[ -n "$(PG)" ] || { echo "say which: make postgres PG=17"; exit 1; }
	@mkdir -p .cache/postgres
	@.ci/postgres $(PG) .cache/postgres/$(PG)

.PHONY: e2e-drill
e2e-drill: $(BIN)/.apiserver ## run restore drills against a real API server and a real Postgres
	ONGGI_E2E_DRILL=$(CURDIR)/$(BIN) go test ./cmd/internal/drill -run TestEndToEnd -count=1 -parallel 8 -timeout 20m

.PHONY: e2e-kube
e2e-kube: $(BIN)/.apiserver ## run the agent's API client against a real API server
	ONGGI_E2E_KUBE=$(CURDIR)/$(BIN) go test ./sidecars/kube -run TestReal -count=1 -timeout 10m

.PHONY: e2e-agent
e2e-agent: ## change everything that can be changed on running clusters of real servers: settings, members, roles, passwords, certificates; start ones from others
	ONGGI_E2E_AGENT=1 go test ./cmd/onggi-agent -run 'TestAStandbyCluster|TestACopyOf|TestAnImport|TestClientsLogIn|TestRenewedCertificates|TestChangesOfARunningCluster|TestRolesAndTheirPasswords|TestAClusterWithVolumesForTheLog|TestALostLog|TestALogsVolume|TestAVolumeForTheLog|TestAStandbyThatLetsNobodyIn' -count=1 -timeout 30m

.cache/pgbouncer/pgbouncer:
	.ci/debian trixie /usr/sbin/pgbouncer pgbouncer $(@D) # knows auth_dbname, as 1.19 and newer do
	@$@ -V

.PHONY: e2e-pooler
e2e-pooler: .cache/pgbouncer/pgbouncer ## PgBouncer as rendered, before a cluster of three real servers whose primary dies
	ONGGI_E2E_POOLER=$(CURDIR)/$< go test ./cmd/onggi-agent -run TestAPooler -count=1 -v -timeout 10m

.PHONY: e2e-backup
e2e-backup: ## back up, archive, fail over and restore real clusters, in a folder and in real servers of S3, GCS and Azure over TLS; twenty minutes
	@.ci/install backup
	@mkdir -p .cache/e2e
	@go -C .ci/s3 build -o $(CURDIR)/.cache/e2e/s3 .
	@go -C .ci/gcs build -o $(CURDIR)/.cache/e2e/gcs .
	@$(MAKE) -s --no-print-directory .cache/azurite/.stamp || echo "azurite: not installed: backups to Azure are not run (needs node and npm)"
	ONGGI_E2E_BACKUP=1 ONGGI_S3=$(CURDIR)/.cache/e2e/s3 ONGGI_GCS=$(CURDIR)/.cache/e2e/gcs ONGGI_AZURITE=$(CURDIR)/.cache/azurite/node_modules/.bin/azurite-blob \
		go test ./cmd/onggi-agent -run 'TestBackupEndToEnd|TestBackupSets|TestBackupBrings|TestBackupFeeds|TestBackupRecovers|TestBackupExpires|TestBackupOverTLS' -count=1 -v -timeout 50m

.PHONY: e2e-dump
e2e-dump: ## dump, break, restore and expire databases of a real cluster by the rendered command line, in a folder and in a real S3 server over TLS
	@.ci/install
	@mkdir -p .cache/e2e
	@go -C .ci/s3 build -o $(CURDIR)/.cache/e2e/s3 .
	ONGGI_E2E_DUMP=1 ONGGI_S3=$(CURDIR)/.cache/e2e/s3 go test ./cmd/onggi-agent -run 'TestDumpsEndToEnd' -count=1 -v -timeout 20m

# Azure's storage for tests, from npm.
AZURITE := 3.37.0
.cache/azurite/.stamp:
	@mkdir -p $(@D)
	@npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(@D) azurite@$(AZURITE)
	@touch $@

.PHONY: e2e-monitoring e2e-alerts
e2e-monitoring: e2e-alerts ## have a real Prometheus scrape a real cluster: every series of alerts, every query of the dashboard, every alert by its trouble
	ONGGI_E2E_MONITORING=1 go test ./cmd/onggi-agent -run 'TestMonitoring$$' -count=1 -timeout 10m

e2e-alerts: .cache/pgbouncer/pgbouncer ## cause the trouble of every alert on real clusters before a real Prometheus, in a quarter of an hour, and print what fired
	@.ci/install
	ONGGI_E2E_ALERTS=$(CURDIR)/$< go test ./cmd/onggi-agent -run 'TestAlerts$$' -count=1 -v -parallel 4 -timeout 30m

.PHONY: e2e-native-apply
e2e-native-apply: $(BIN)/.apiserver ## show the native goldens to a real API server that enforces the restricted pod security standard
	ONGGI_E2E_NATIVE=$(CURDIR)/$(BIN) go test ./cmd/onggi -run TestRealApplyNative -count=1 -timeout 10m

.PHONY: e2e-day2
e2e-day2: $(BIN)/.apiserver ## run status, switchover, psql, logs and the like against a real API server, real agents and real Postgres
	@mkdir -p .cache/e2e
	@go build -o .cache/e2e/ ./cmd/onggi
	@go build $(AGENT) -o .cache/e2e/ ./cmd/onggi-agent
	ONGGI_E2E_DAY2=$(CURDIR)/$(BIN) ONGGI_E2E_PROGRAMS=$(CURDIR)/.cache/e2e go test ./cmd/internal/day2 -run TestEndToEnd -count=1 -timeout 10m

# Real Postgres in namespaces, a real API server, and every fault of the catalogue. CHAOSFLAGS: go run ./.ci/chaos -h.
CHAOS := .cache/chaos/chaos -agent .cache/chaos/onggi-agent -bin $(BIN)
.PHONY: .cache/chaos chaos chaos-short bench-ha
.cache/chaos:
	@mkdir -p $@
	@$(BUILD) $(AGENT) -o $@/onggi-agent ./cmd/onggi-agent
	@go -C .ci/chaos build -o $(CURDIR)/$@/chaos .

chaos: .cache/chaos $(BIN)/.apiserver ## break real clusters in every way there is, in ten minutes; CHAOSFLAGS='-seed 7 -strict'
	@.ci/chaos/install
	@$(CHAOS) -suite chaos $(CHAOSFLAGS)

chaos-short: .cache/chaos $(BIN)/.apiserver ## the part of chaos that make test runs: five faults in about a minute
	@.ci/chaos/install
	@$(CHAOS) -suite short $(CHAOSFLAGS)

bench-ha: .cache/chaos $(BIN)/.apiserver ## measure failover beside Patroni's, an hour; CHAOSFLAGS='-update docs/performance.md' writes it there
	@.ci/chaos/install --patroni
	@$(CHAOS) -suite bench -runs 5 $(CHAOSFLAGS)

.PHONY: e2e-native
e2e-native: .cache/chaos $(BIN)/.apiserver .cache/pgbouncer/pgbouncer ## start clusters from the rendered manifests alone, and do to them what people do, in a quarter of an hour
	@.ci/chaos/install --native
	@$(BUILD) -o .cache/chaos/onggi ./cmd/onggi
	@go -C .ci/s3 build -o $(CURDIR)/.cache/chaos/s3 .
	@$(CHAOS) -suite native $(CHAOSFLAGS)

.PHONY: e2e-quickstart
e2e-quickstart: .cache/chaos $(BIN)/.apiserver .cache/pgbouncer/pgbouncer ## follow docs/native.md and the README as a reader does, block by block; CHAOSFLAGS='-sections Quick'
	@.ci/chaos/install --manual
	@$(BUILD) -o .cache/chaos/onggi ./cmd/onggi
	@$(CHAOS) -suite manual -pages README.md,docs/native.md $(CHAOSFLAGS)

.PHONY: e2e-web
e2e-web: ## drive the live view in a headless Chromium and measure it; WEBFLAGS='-shots build/shots' keeps screenshots
	@.ci/web/install
	@mkdir -p .cache/web
	@go build -o .cache/web/ ./cmd/onggi ./.ci/web
	@.cache/web/web -onggi .cache/web/onggi $(WEBFLAGS)

.cache/schemas/.stamp: go.mod $(wildcard .ci/schemas/*.go testdata/crds/*/*.yaml)
	@rm -rf .cache/schemas
	@go run ./.ci/schemas -crds $(SHARED)/crds,testdata/crds -out .cache/schemas
	@touch $@

.PHONY: golden
golden: ## rewrite the golden files of every test that has -update
	go test $$(git ls-files -co --exclude-standard '*_test.go' | xargs grep -lE 'flag\.Bool\("update"' | xargs -n1 dirname | sort -u | sed 's|^|./|') -update

.PHONY: generate
generate: ## rewrite generated files: references, schemas, man pages
	go generate ./...

.PHONY: install
install: ## install onggi into go's bin folder, and as kubectl's plugin: kubectl onggi
	CGO_ENABLED=0 go install -trimpath -ldflags '$(LDFLAGS)' ./cmd/onggi
	@dir=$$(go env GOBIN); dir=$${dir:-$$(go env GOPATH)/bin}; \
	ln -sf onggi "$$dir/kubectl-onggi"; ln -sf onggi "$$dir/kubectl_complete-onggi"; echo "$$dir/kubectl-onggi"

.PHONY: clean
clean: ## remove build, dist and .cache
	rm -rf build dist .cache
