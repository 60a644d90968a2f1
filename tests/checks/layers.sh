#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Folders are layers: an include line may only name what lies below, and another folder's part only by
# its public headers.  Siblings (cgroups, namespaces, rootfs, kvm) never include each other.

# shellcheck disable=SC1091 # the checks lie beside each other
. "$(dirname "$0")/lib.sh"

# FOLDER:OTHER: files of the first may include headers of the second.
may_use="
	oci:base kvm:base
	cgroups:base cgroups:oci
	namespaces:base namespaces:oci
	rootfs:base rootfs:oci
	runtime/process:base runtime/process:oci
	runtime:base runtime:oci runtime:cgroups runtime:namespaces runtime:rootfs runtime:kvm
	runtime:runtime/process
	cmd:base cmd:oci cmd:cgroups cmd:namespaces cmd:rootfs cmd:kvm cmd:runtime
	cmd:runtime/process
"
may_use=$(echo "$may_use" | tr '\n\t' '  ')

status=0

# complain FILE LINE TEXT
complain() {
	echo "$1:$2: $3"
	status=1
}

# The layer that a path belongs to, in $layer.
set_layer() {
	case $1 in
	runtime/process/*) layer=runtime/process ;;
	*/*) layer=${1%%/*} ;;
	*) layer= ;;
	esac
}

# is_public HEADER: may other folders include it?
is_public() {
	case $1 in
	# A box of tools without a façade.
	base/*) ;;
	oci/spec.h | cgroups/cgroup.h | namespaces/namespace.h | rootfs/rootfs.h | kvm/vm.h | kvm/guest.h) ;;
	# Protects the program before there is any container.
	runtime/self.h) ;;
	# What the program is instead, as the first process of a guest.
	runtime/guest/guest.h) ;;
	runtime/container.h | runtime/process/process.h | runtime/process/filter.h) ;;
	# JSON itself: the state record is read and written with it, too.
	oci/json.h | oci/jsonw.h | oci/fields.h) ;;
	*) return 1 ;;
	esac
}

# check FILE LINE HEADER
check() {
	set_layer "$1"
	folder=$layer
	set_layer "$3"
	if [ -z "$layer" ]; then
		complain "$1" "$2" "\"$3\" is not written from the root"
		return
	elif [ ! -f "$3" ]; then
		complain "$1" "$2" "\"$3\" does not exist"
		return
	elif [ "$layer" = "$folder" ]; then
		return
	fi
	case $may_use in
	*" $folder:$layer "*)
		is_public "$3" || complain "$1" "$2" "\"$3\" is private to $layer/"
		;;
	*) complain "$1" "$2" "$folder/ may not include \"$3\"" ;;
	esac
}

# shellcheck disable=SC2046 # names of our files and folders hold no blanks
files=$(sources '[ch]' $(program_folders))

# Only our own headers are written with quotes.
# shellcheck disable=SC2086
list=$(grep -n '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' /dev/null $files |
	sed 's/^\([^:]*\):\([0-9]*\):[^"]*"\([^"]*\)".*/\1 \2 \3/')
while read -r file line header; do
	[ -z "$file" ] || check "$file" "$line" "$header"
done <<END
$list
END

# Angle brackets must not smuggle one in.
pattern=$(program_folders | sed 's/ /\\|/g')
# shellcheck disable=SC2086
if grep -n "^[[:space:]]*#[[:space:]]*include[[:space:]]*<\($pattern\)/" /dev/null $files; then
	echo "layers: our own headers are included with quotes"
	status=1
fi

exit "$status"
