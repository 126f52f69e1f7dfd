# `make` builds bin/p2p-miner and bin/p2p-peer; `make help` lists the rest.
.DEFAULT_GOAL := bin/p2p-miner
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# .NET's name of this platform; override with `make RID=linux-musl-x64` and the like.
OS_NAME := $(if $(filter Darwin,$(shell uname -s)),osx,linux)
RID ?= $(OS_NAME)-$(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x64)

# An SDK that was only unpacked is found through PATH, but a built program looks for its runtime here.
export DOTNET_ROOT ?= $(patsubst %/,%,$(dir $(realpath $(shell command -v dotnet))))

# The program needs no culture data (InvariantGlobalization), so building it shall not need libicu either.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT := 1

SOURCES := $(shell find src Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig \
	-type d \( -name bin -o -name obj -o -name node_modules -o -name dist \) -prune -o -type f -print)
WEB := src/Node/Web
WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public -type f) $(WEB)/build.mjs
PUBLISH := -c Release -r $(RID) --self-contained true -p:PublishTrimmed=true -p:PublishSingleFile=true -p:PublishReadyToRun=true \
	-p:PublishDocumentationFiles=false -p:DebugType=none -v quiet -nologo

bin/p2p-miner: $(SOURCES)
	@native/setup.sh build
	@$(BUILD_WEB)
	@echo "building $@"
	@rm -rf bin
	@dotnet publish src/Node $(PUBLISH) -o bin
	@dotnet publish src/Peer $(PUBLISH) -o bin
	@touch $@

# The program is complete without its page, and says itself what is missing.
BUILD_WEB = $(MAKE) --silent web || echo "the web page is left out: it takes node and npm to build (apt install nodejs npm)"

.PHONY: web check-web run test interop bench bench-checksum bench-engine bench-shadow bench-p2p bench-dataset bench-cluster bench-kills bench-partings bench-hostile bench-liars bench-key-change bench-epoch bench-memory bench-ranges publish clean help

web: $(WEB)/dist/app.js ## bundle the web page, which make puts into the program

$(WEB)/dist/app.js: $(WEB_SOURCES) $(WEB)/node_modules/.package-lock.json
	@cd $(WEB) && node build.mjs

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json
	@echo "installing the web page's libraries"
	@cd $(WEB) && npm ci --ignore-scripts --omit=dev --loglevel=error
	@touch $@

check-web: ## check the types of the web page
	@cd $(WEB) && npm ci --ignore-scripts --loglevel=error && npm run --silent check

run: ## install what is missing, build, start the node; ARGS="--threads 1" passes arguments
	@native/setup.sh run
	@$(MAKE) --silent bin/p2p-miner
	@bin/p2p-miner $(ARGS)

test: ## install what is missing, build, run all tests; ARGS="--filter Name~Keccak" passes arguments to dotnet test
	@native/setup.sh test
	@$(MAKE) --silent interop || echo "js-libp2p could not be installed, so the tests that talk to it are skipped"
	@$(MAKE) --silent bin/p2p-miner
	@P2P_MINER_PROGRAM=$(CURDIR)/bin/p2p-miner .ci/test $(ARGS)

interop: tests/interop/node_modules/.package-lock.json ## install js-libp2p, which tests and bench-p2p talk to

# Its packages ask for node 22 and get what the older ones lack from src/polyfill.mjs.
tests/interop/node_modules/.package-lock.json: tests/interop/package.json tests/interop/package-lock.json
	@echo "installing js-libp2p"
	@cd tests/interop && npm ci --ignore-scripts --loglevel=error
	@touch $@

bench: bin/p2p-miner artifacts/randomx-loop ## measure p2p-miner against a plain C loop; ARGS="--help" lists the options
	@native/setup.sh bench
	@dotnet run --project bench/Bench -c Release -v quiet -- $(ARGS)

bench-engine: ## measure engine managed against librandomx, piece by piece; ARGS="--help" lists the options
	@native/setup.sh run
	@dotnet run --project bench/BenchEngine -c Release -v quiet -- $(ARGS)

bench-checksum: ## hash XMRig's benchmark stream and compare the published checksum; ARGS="--checksum 1000000 --rx2" for another one
	@native/setup.sh run
	@dotnet run --project bench/BenchEngine -c Release -v quiet -- $(or $(ARGS),--checksum 250000)
	@$(if $(ARGS),:,dotnet run --project bench/BenchEngine -c Release -v quiet -- --checksum 250000 --rx2 --machines 2t)

bench-shadow: ## hash a million inputs under fifty keys with both engines and compare; goes on after a stop; ARGS="--shadow 10000 --keys 2" for fewer
	@native/setup.sh run
	@dotnet run --project bench/BenchEngine -c Release -v quiet -- $(or $(ARGS),--shadow 1000000)

bench-p2p: bin/p2p-miner ## measure src/P2P against js-libp2p; ARGS="--help" lists the options
	@native/setup.sh bench-p2p
	@$(MAKE) --silent interop
	@dotnet run --project bench/BenchP2P -c Release -v quiet -- $(ARGS)

bench-dataset: ## measure how soon a slow machine has its dataset, alone, with two hosts, and with a lying one; as root, 9 GiB
	@native/setup.sh run
	@dotnet test tests/Integration -c Release --filter FullyQualifiedName~SlowMachine --logger "console;verbosity=detailed" -- NUnit.ExplicitMode=Relaxed

bench-cluster: bin/p2p-miner ## measure clusters of up to 20 nodes; as root, 7 GiB; ARGS="--help" lists the options
	@native/setup.sh test
	@dotnet run --project bench/BenchCluster -c Release -v quiet -- $(ARGS)

bench-kills: ## kill nodes of ten for an hour and count what is lost; P2P_MINER_KILLS=20 P2P_MINER_KILL_SECONDS=20 is shorter, P2P_MINER_MACHINES=20 more nodes; as root, 8 GiB, 13 GiB with 20
	@native/setup.sh test
	@dotnet test tests/Integration -c Release --filter FullyQualifiedName~TenMachines_Killed --logger "console;verbosity=detailed" -- NUnit.ExplicitMode=Relaxed

bench-partings: ## part ten nodes, one with a slow line and one with a wrong clock, and count what is lost; as root, 5 GiB
	@native/setup.sh test
	@dotnet test tests/Integration -c Release --filter FullyQualifiedName~PartedAgainAndAgain --logger "console;verbosity=detailed" -- NUnit.ExplicitMode=Relaxed

bench-hostile: ## measure what a hostile member costs another node, who comes back under a new name whenever he is shut out
	@native/setup.sh run
	@dotnet test tests/Integration -c Release --filter FullyQualifiedName~HostileMemberTests --logger "console;verbosity=detailed" -- NUnit.ExplicitMode=Relaxed

bench-liars: ## let somebody send invalid shares, forged jobs, bad chunks and a false chain to a cluster that mines with daemons, and see that nothing is lost; as root, 5 GiB
	@native/setup.sh test
	@dotnet test tests/Integration -c Release --filter FullyQualifiedName~LiarTests --logger "console;verbosity=detailed" -- NUnit.ExplicitMode=Relaxed

bench-key-change: ## change the share chain's key while nodes come and go, and count what is lost; as root
	@native/setup.sh run
	@dotnet test tests/Integration -c Release --filter FullyQualifiedName~WhileTheKeyChanges --logger "console;verbosity=detailed" -- NUnit.ExplicitMode=Relaxed

bench-epoch: ## change Monero's key while six nodes mine, of which some are killed and some join; as root, 5 GiB, minutes
	@native/setup.sh test
	@dotnet test tests/Integration -c Release --filter FullyQualifiedName~WhileMonerosKeyChanges --logger "console;verbosity=detailed" -- NUnit.ExplicitMode=Relaxed

bench-ranges: ## simulate how much work 1,000 nodes do twice that come and go and are parted, minutes
	@dotnet test tests/Node.Tests -c Release --filter FullyQualifiedName~OfAThousandNodes_ForHours --logger "console;verbosity=detailed" -- NUnit.ExplicitMode=Relaxed

bench-memory: ## see a node within a limit of memory give its part of the dataset back and take it again, two minutes; as root, 3 GiB
	@native/setup.sh run
	@dotnet test tests/Integration -c Release --filter FullyQualifiedName~GivesItsPartBack --logger "console;verbosity=detailed" -- NUnit.ExplicitMode=Relaxed

artifacts/randomx-loop: native/randomx-loop.c
	@native/setup.sh bench
	@mkdir -p artifacts
	gcc -O2 -Wall -Wextra -Werror -pthread -o $@ $< -lrandomx

publish: ## one self-contained file for this platform, in artifacts/
	@native/setup.sh build
	@$(BUILD_WEB)
	@rm -rf artifacts/$(RID)
	@dotnet publish src/Node $(PUBLISH) -o artifacts/$(RID)
	@echo "artifacts/$(RID)/p2p-miner"

clean: ## remove everything that was built
	rm -rf bin artifacts tests/interop/node_modules $(WEB)/node_modules $(WEB)/dist
	find src tests bench -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +

help: ## this list
	@echo 'make           build bin/p2p-miner and bin/p2p-peer'
	@sed -n 's/^\([a-z0-9-]*\):.*## /make \1|/p' Makefile | awk -F'|' '{ printf "%-17s %s\n", $$1, $$2 }'
