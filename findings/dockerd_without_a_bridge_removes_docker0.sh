#!/usr/bin/env bash
# A daemon that is told to have no bridge, beside one that has.
#
# Tool: dockerd 26.1.5 from Debian 13 (docker.io 26.1.5+dfsg1-9+deb13u1+b1, containerd 1.7.24~ds1-6+deb13u1, runc
#   1.1.15+ds1-2+b4), with a socket, a data root and an exec root of its own.
# Guess: with `--bridge none --iptables=false` it leaves the host's interfaces and rules alone; these are the options
#   that one picks in order to run a second daemon beside the first.
# Seen: at its start it removes the interface docker0, whoever made it. Containers of the other daemon lose their
#   network, and it cannot start further ones on its default bridge until it is restarted ("Device does not exist").
#   A bridge of another name stays.
#
# Runs in a network namespace of its own, so nothing of the host is touched. Needs root, iproute2, curl, and a Debian
# whose archive has Debian 13.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "run it as root: it starts a daemon"; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mkdir -p "$folder"/apt/{lists/partial,cache/archives/partial,parts} "$folder/root"
archive=$(apt-get indextargets --format "\$(SITE)" | grep --max-count=1 "/debian/*$")
keys=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keys] $archive trixie main" >"$folder/apt/sources.list"
own=(-qq -o Dir::State::lists="$folder/apt/lists" -o Dir::Cache="$folder/apt/cache" -o APT::Sandbox::User=root
	-o Dir::Etc::sourcelist="$folder/apt/sources.list" -o Dir::Etc::sourceparts="$folder/apt/parts")
apt-get "${own[@]}" update
(cd "$folder/apt" && apt-get "${own[@]}" download docker.io=26.1.5+dfsg1-9+deb13u1+b1 \
	containerd=1.7.24~ds1-6+deb13u1 runc=1.1.15+ds1-2+b4)
for package in "$folder"/apt/*.deb; do dpkg-deb --extract "$package" "$folder/root"; done
export folder PATH="$folder/root/usr/bin:$folder/root/usr/sbin:$PATH"

# shellcheck disable=SC2016 # expanded in the namespace
unshare --net bash -euc '
	bridges() { ip -brief link show type bridge | cut --delimiter " " --fields 1 | sort | xargs; }
	ip link add docker0 type bridge  # as another daemon has made it
	ip link add other0 type bridge
	echo "before: $(bridges)"
	dockerd --storage-driver vfs --host "unix://$folder/socket" --data-root "$folder/data" --config-file /dev/null \
		--exec-root "$folder/exec" --pidfile "$folder/pid" --bridge none --iptables=false --ip6tables=false \
		>"$folder/log" 2>&1 &
	curl --silent --unix-socket "$folder/socket" --retry 60 --retry-delay 1 --retry-all-errors http://engine/version |
		grep --only-matching "\"Version\":\"26[^\"]*\"" | head -n 1
	echo "after:  $(bridges)"
	kill "$!"
	wait "$!" || true
' | tee "$folder/seen"
grep --quiet "^before: docker0 other0$" "$folder/seen" && grep --quiet "^after:  other0$" "$folder/seen"
