#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# buildah with the runtime under test: bud with RUN steps, run, and a step that fails.
# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need buildah
: "${IMAGE:=localhost/busybox}"
buildah images -q "$IMAGE" >/dev/null 2>&1 || {
	echo "1..0 # SKIP there is no image $IMAGE"
	exit 0
}
export BUILDAH_RUNTIME="$RUNTIME" BUILDAH_ISOLATION=oci

engine_traces() {
	buildah containers --format '{{.ContainerName}}' | grep "rwt-$$"
}

bud() {
	mkdir "$case/context"
	echo copied >"$case/context/file"
	cat >"$case/context/Containerfile" <<-END
		FROM $IMAGE
		COPY file /file
		RUN cat /file >/tmp/result && id -u >>/tmp/result
		USER 1000
		WORKDIR /tmp
		RUN --network=none id -u >user && pwd >>user
	END
	buildah bud -q --runtime "$RUNTIME" -t "localhost/rwt-$$" "$case/context" >/dev/null
	container=$(buildah from --name "rwt-$$" "localhost/rwt-$$")
	expect_says "copied
0
1000
/tmp" buildah run "$container" cat /tmp/result /tmp/user
	try buildah run "$container" sh -c 'exit 7'
	expect_status 7
	try buildah run "$container" nosuch
	expect_failure
	script -qec "buildah run --tty $container tty" /dev/null </dev/null >"$case/out"
	grep -q /dev/pts/0 "$case/out"
	buildah rm "$container" >/dev/null
	buildah rmi "localhost/rwt-$$" >/dev/null
}
check "bud, run, a terminal, exit statuses" bud

step_fails() {
	mkdir "$case/context"
	printf 'FROM %s\nRUN echo oh no; exit 9\n' "$IMAGE" >"$case/context/Containerfile"
	try buildah bud --runtime "$RUNTIME" "$case/context"
	expect_status 9
	grep -q 'oh no' "$case/out"
}
check "a step that fails" step_fails

finish
