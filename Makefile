# Every target below is documented; `make help` lists them.
SHELL := /bin/bash
GO ?= go
# What compiles the widget: go, tinygo, or auto, which is TinyGo once `make tinygo`
# has been run.
COMPILER ?= auto
.DEFAULT_GOAL := help
SEEDS ?= 2000
FIRST ?= 1
FUZZTIME ?= 30s

.PHONY: help run build assets tinygo test test-tinygo simulate simulate-bites chaos fuzz lint fmt size size-report soak bench bench-realtime bench-widget clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: build ## build everything and serve http://localhost:8000
	./bin/chatbot

build: assets ## build the self-contained binary bin/chatbot
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/chatbot ./server

assets: ## build the widget into assets/dist
	$(GO) run ./assets/build -compiler $(COMPILER)

tinygo: ## get TinyGo, with which the widget has a third of the bytes, into your cache folder
	@.ci/tinygo
	$(GO) run ./assets/build -make-tinygo

test: assets ## run every test, headless Chromium and the official clients included
	@.ci/chromium
	@.ci/clients
	$(GO) run ./assets/build -size
	$(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet ./widget/...
	CGO_ENABLED=1 $(GO) test -race -timeout 14m ./...
	$(GO) test -timeout 5m -run TestSimulation ./server/sim

simulate: ## simulate visitors and server over a bad network; SEEDS=20000 runs for long, FIRST=17 SEEDS=1 repeats one
	$(GO) test -timeout 24h -v -run TestSimulation ./server/sim -sim.seeds $(SEEDS) -sim.first $(FIRST)

simulate-bites: ## break the product in a copy, one thing at a time, and see which seed finds it
	$(GO) test -timeout 1h -v -run TestBites ./server/sim -sim.bites

chaos: assets ## 5,000 messages through a broken network and a server that is killed (SEED=n for another run)
	@.ci/chromium
	$(GO) run ./server/chaos -messages 5000 -kills 25 -seed $(or $(SEED),0)

fuzz: ## fuzz every decoder, one after another, for FUZZTIME each (30s)
	@GO="$(GO)" FUZZTIME="$(FUZZTIME)" .ci/fuzz

test-tinygo: ## run the browser tests with the widget that TinyGo makes
	@.ci/chromium
	@.ci/clients
	$(GO) run ./assets/build -compiler tinygo
	$(GO) run ./assets/build -size
	$(GO) test -timeout 14m ./assets/... ./server/e2e

size: assets ## print raw, gzip and brotli size of every file against its budget
	$(GO) run ./assets/build -size

size-report: ## print which packages the widget's bytes come from, for each compiler that is there
	@$(GO) run ./assets/build -compiler $(COMPILER) -report

soak: assets ## measure what an open chat holds on to after 20,000 messages
	@.ci/chromium
	$(GO) test -run '^$$' -bench Soak -benchtime 1x -timeout 30m ./server/e2e

bench: assets ## measure latency in the browser and durable messages a second
	@.ci/chromium
	$(GO) test -run '^$$' -bench . -skip 'Soak|Durable' -timeout 30m ./server/e2e ./server/bench
	$(GO) test -run '^$$' -bench Durable -benchtime 60000x -timeout 10m ./server/bench

bench-realtime: build ## compare the realtime endpoint with soketi
	@.ci/clients
	$(GO) run ./server/bench/realtime $(BENCHFLAGS)

bench-widget: ## measure what the widget costs a page, and how fast it is there, beside other widgets
	@.ci/chromium
	@.ci/clients server/bench/widget/testdata
	$(GO) run ./assets/build -compiler go
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/chatbot-go ./server
	@rm -f bin/chatbot-tinygo
	@if $(GO) run ./assets/build -compiler tinygo; then \
	  CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/chatbot-tinygo ./server; fi
	$(GO) run ./server/bench/widget $(BENCHFLAGS)

lint: ## vet for both targets, check formatting, run staticcheck
	$(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet ./widget/...
	@test -z "$$(gofmt -l assets server widget)" || { gofmt -l assets server widget; exit 1; }
	$(GO) tool -modfile=.ci/tools.mod staticcheck ./...

fmt: ## format every Go file
	gofmt -w assets server widget

clean: ## remove everything that was built
	rm -rf bin
	find assets/dist -mindepth 1 ! -name .placeholder -delete
