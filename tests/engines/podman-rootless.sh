#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/engines/podman.sh once more, by the user lab with a manager of his own, in a delegated scope.
user=lab
uid=$(id -u "$user" 2>/dev/null) && [ "$(id -u)" = 0 ] && [ -S "/run/user/$uid/bus" ] || {
	echo "1..0 # SKIP needs root, and a user lab with a manager of his own"
	exit 0
}
exec runuser -u "$user" -- env HOME="$(getent passwd "$user" | cut -d : -f 6)" XDG_RUNTIME_DIR="/run/user/$uid" \
	DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" \
	systemd-run --user --quiet --scope -p Delegate=yes sh "$(dirname "$0")/podman.sh"
