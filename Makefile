# Every target is `python3 src/labkit VERB`, for those without make.
LABKIT ?= python3 src/labkit

.DEFAULT_GOAL := help
.PHONY: help learn up stop down doctor test prove-all site lint fmt bench lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

learn: ## bring the lab up, build the site, start JupyterLab on the notebooks
	@$(LABKIT) learn

up: ## bring up the Docker engine, the images and the kind cluster
	@$(LABKIT) up

stop: ## stop the cluster's nodes and keep what is in them; `make up` resumes
	@$(LABKIT) stop

down: ## remove what the course made and nothing else (all caches too: make down ALL=1)
	@$(LABKIT) down $(if $(ALL),--all)

doctor: ## check each thing the course needs, and say what mends it
	@$(LABKIT) doctor

test: ## set everything up and run every test
	@$(LABKIT) test

prove-all: ## test every grader and every proof that has changed since it passed
	@$(LABKIT) prove-all

site: ## build the site from stored outputs, no Docker needed
	@$(LABKIT) site

lint: ## check code and notebooks
	@$(LABKIT) lint

fmt: ## format code and notebooks
	@$(LABKIT) fmt

bench: ## measure the lab and print the figures of the README
	@$(LABKIT) bench

lock: ## pin requirements.in; what is pinned and fits stays (newest versions: make lock UPGRADE=1)
	@$(LABKIT) lock $(if $(UPGRADE),--upgrade)
