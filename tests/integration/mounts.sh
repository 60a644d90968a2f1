#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# config.md, "Mounts": options, order, sources and destinations, id maps; what the kernel has in
# /proc/self/mountinfo of the container is what counts.

# shellcheck disable=SC2317,SC2119 # check calls the cases
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
all_need_root

# A field of the topmost mount at POINT, as the verb "mounts" prints it.
field() {
	grep -F -- "$1 type=" "$case/out" | grep "^$1 " | sed -n "s|.* $2=\([^ ]*\).*|\1|p" | tail -n 1
}

# has POINT FIELD WORD; has_not likewise: the words of a field are separated by commas.
has() {
	case ",$(field "$1" "$2")," in
	*",$3,"*) ;;
	*) fail "$1: the $2 are \"$(field "$1" "$2")\" and lack \"$3\"" ;;
	esac
}

has_not() {
	[ -n "$(field "$1" "$2")" ] || fail "nothing is mounted at $1"
	case ",$(field "$1" "$2")," in
	*",$3,"*) fail "$1: the $2 are \"$(field "$1" "$2")\" with \"$3\"" ;;
	esac
}

not_mounted() {
	[ -z "$(field "$1" type)" ] || fail "something is mounted at $1"
}

# expect_table: rows "NAME OPTIONS FIELD HAS LACKS" of the mounts at /o/NAME; - is nothing.
expect_table() {
	while read -r name _ column with without; do
		[ "$with" = - ] || has "/o/$name" "$column" "$with"
		[ "$without" = - ] || has_not "/o/$name" "$column" "$without"
	done
}

# mount_table TYPE SOURCE: adds the mounts of such a table
mount_table() {
	while read -r name options _; do
		# shellcheck disable=SC2046 # a list of words
		add_mount "/o/$name" "$1" "$2" $(echo "$options" | tr , ' ')
	done
}

# ---- options ----

# config.md, "Linux mount options": those that concern every file system.  An option that takes another one
# back is given after that one.
fs_options="async sync,async super - sync
atime noatime,atime options relatime noatime
defaults defaults options rw noexec
dev nodev,dev options - nodev
diratime nodiratime,diratime options - nodiratime
dirsync dirsync super dirsync -
exec noexec,exec options - noexec
iversion iversion options rw -
lazytime lazytime super lazytime -
loud silent,loud options rw -
mand mand super mand -
noatime noatime options noatime relatime
nodev nodev options nodev -
nodiratime nodiratime options nodiratime -
noexec noexec options noexec -
noiversion iversion,noiversion options rw -
nolazytime lazytime,nolazytime super - lazytime
nomand mand,nomand super - mand
norelatime relatime,norelatime options relatime noatime
nostrictatime strictatime,nostrictatime options relatime -
nosuid nosuid options nosuid -
nosymfollow nosymfollow options nosymfollow -
private shared,private propagation private shared
relatime strictatime,relatime options relatime -
ro ro options ro rw
rprivate shared,rprivate propagation private shared
rshared rshared propagation shared -
rslave rslave propagation private shared
runbindable runbindable propagation unbindable -
rw ro,rw options rw ro
shared shared propagation shared -
silent silent options rw -
slave slave propagation private shared
strictatime strictatime options rw relatime
suid nosuid,suid options - nosuid
symfollow nosymfollow,symfollow options - nosymfollow
sync sync super sync -
unbindable unbindable propagation unbindable -"

options_of_a_file_system() {
	new_bundle
	echo "$fs_options" >table
	mount_table tmpfs tmpfs <table
	args mounts
	run
	expect_status 0
	expect_table <table
}
check "each option for a new file system" options_of_a_file_system

# The source has every flag, or none; what is not mentioned stays.
options_of_a_bind_mount() {
	new_bundle
	mkdir full
	cat >table <<-END
		bind bind options ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow -
		rbind rbind options ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow -
		defaults bind,defaults options ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow -
		dev bind,dev options noexec nodev
		exec bind,exec options nodev noexec
		suid bind,suid options nodev nosuid
		rw bind,rw options rw,nosuid ro
		atime bind,atime options relatime noatime
		relatime bind,relatime options relatime noatime
		strictatime bind,strictatime options nodev noatime
		diratime bind,diratime options noatime nodiratime
		symfollow bind,symfollow options nodev nosymfollow
		unknown bind,size=3m options nodev rw
		data bind,iversion,silent,loud,sync,dirsync,lazytime,mand options nodev rw
		rdev bind,rdev options noexec nodev
	END
	mount_table bind "$case/full" <table
	args mounts
	run_after "mount -t tmpfs full '$case/full'; mount -o \
remount,bind,ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow '$case/full'"
	expect_status 0
	expect_table <table
	has_not /o/strictatime options relatime
}
check "a bind mount keeps the flags of its source, or has them cleared" options_of_a_bind_mount

flags_of_the_root() {
	new_bundle
	args mounts
	run
	expect_status 0
	has_not / options nosuid
	run_after "mount --bind '$bundle/rootfs' '$bundle/rootfs'
		mount -o remount,bind,nosuid,nodev,nosymfollow '$bundle/rootfs'"
	expect_status 0
	has / options nosuid
	has / options nodev
	has / options nosymfollow
	has_not / options noexec
}
check "the root keeps the flags of the mount that the image lies on" flags_of_the_root

flags_of_a_bind_mount() {
	new_bundle
	mkdir none
	cat >table <<-END
		ro bind,ro options ro rw
		nosuid bind,nosuid options nosuid -
		nodev bind,nodev options nodev -
		noexec bind,noexec options noexec -
		noatime bind,noatime options noatime relatime
		nodiratime bind,nodiratime options nodiratime -
		nosymfollow bind,nosymfollow options nosymfollow -
		strictatime bind,strictatime options rw relatime
		rro bind,rro options ro rw
		back bind,ro,nosuid,rw,suid options rw nosuid
	END
	mount_table bind "$case/none" <table
	args mounts
	run_after "mount -t tmpfs none '$case/none'"
	expect_status 0
	expect_table <table
}
check "flags of a bind mount" flags_of_a_bind_mount

# /o/NAME and the mount /o/NAME/sub below it.
recursive_options() {
	new_bundle
	mkdir none full strict
	cat >none.table <<-END
		rro rbind,rro options ro rw
		rnosuid rbind,rnosuid options nosuid -
		rnodev rbind,rnodev options nodev -
		rnoexec rbind,rnoexec options noexec -
		rnoatime rbind,rnoatime options noatime relatime
		rnodiratime rbind,rnodiratime options nodiratime -
		rnosymfollow rbind,rnosymfollow options nosymfollow -
		rnorelatime rbind,rnorelatime options relatime noatime
		rstrictatime rbind,rstrictatime options rw relatime
	END
	cat >full.table <<-END
		rrw rbind,rrw options rw,nosuid ro
		rsuid rbind,rsuid options nodev nosuid
		rdev rbind,rdev options noexec nodev
		rexec rbind,rexec options nodev noexec
		ratime rbind,ratime options relatime noatime
		rrelatime rbind,rrelatime options relatime noatime
		rdiratime rbind,rdiratime options noatime nodiratime
		rsymfollow rbind,rsymfollow options nodev nosymfollow
	END
	cat >strict.table <<-END
		rnostrictatime rbind,rnostrictatime options relatime -
	END
	for source in none full strict; do
		mount_table bind "$case/$source" <"$source.table"
	done
	all=ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
	args mounts
	run_after "
		for i in none full strict; do
			mount -t tmpfs \$i '$case'/\$i
			mkdir '$case'/\$i/sub
			mount -t tmpfs \$i '$case'/\$i/sub
		done
		mount -o remount,bind,$all '$case/full'
		mount -o remount,bind,$all '$case/full/sub'
		mount -o remount,bind,strictatime '$case/strict'
		mount -o remount,bind,strictatime '$case/strict/sub'"
	expect_status 0
	for source in none full strict; do
		expect_table <"$source.table"
		sed 's|^[^ ]*|&/sub|' "$source.table" >sub.table
		expect_table <sub.table
	done
}
check "recursive options act on the mounts below, too" recursive_options

bind_and_rbind() {
	new_bundle
	mkdir -p source
	add_mount /o/bind bind "$case/source" bind
	add_mount /o/rbind none "$case/source" rbind
	add_mount /o/rro none "$case/source" rbind rro
	args stat /o/bind/sub /o/bind/sub/below /o/rbind/sub/below /o/rro/sub/below -- \
		open /o/rbind/sub/below w -- open /o/rro/x c -- open /o/rro/sub/below w -- mounts
	run_after "mount -t tmpfs t '$case/source'; mkdir '$case/source/sub'
		mount -t tmpfs t '$case/source/sub'; touch '$case/source/sub/below'"
	expect_status 0
	not_mounted /o/bind/sub
	expect_line "/o/bind/sub: dir 0755 0:0"
	expect_line "/o/bind/sub/below: ENOENT"
	for i in rbind rro; do
		expect_line "/o/$i/sub/below: file 0644 0:0 size=0"
	done
	expect_line "open /o/rbind/sub/below w: ok"
	expect_line "open /o/rro/x c: EROFS"
	expect_line "open /o/rro/sub/below w: EROFS"
}
check "bind takes one mount, rbind those below as well" bind_and_rbind

ro_is_for_one() {
	new_bundle
	mkdir -p source
	add_mount /o/ro none "$case/source" rbind ro
	args mounts -- open /o/ro/x c -- open /o/ro/sub/x c
	run_after "mount -t tmpfs t '$case/source'; mkdir '$case/source/sub'
		mount -t tmpfs t '$case/source/sub'"
	expect_status 0
	has /o/ro options ro
	has /o/ro/sub options rw
	expect_line "open /o/ro/x c: EROFS"
	expect_line "open /o/ro/sub/x c: ok"
}
check "ro with rbind is for the one mount" ro_is_for_one

options_act() {
	new_bundle
	mkdir -p source
	cp "$TOOLS/init" source/init
	mknod -m 666 source/null c 1 3
	ln -s init source/link
	for option in ro noexec nodev nosymfollow dev; do
		add_mount "/o/$option" bind "$case/source" bind "$option"
	done
	args open /o/ro/init w -- exec /o/noexec/init true -- open /o/nodev/null r -- \
		open /o/dev/null r -- open /o/nosymfollow/link r -- open /o/dev/link r
	run
	expect_status 0
	expect_line "open /o/ro/init w: EROFS"
	expect_line "exec /o/noexec/init: EACCES"
	expect_line "open /o/nodev/null r: EACCES"
	expect_line "open /o/dev/null r: ok"
	expect_line "open /o/nosymfollow/link r: ELOOP"
	expect_line "open /o/dev/link r: ok"
}
check "what the flags forbid does not work" options_act

remount() {
	new_bundle
	add_mount /data tmpfs tmpfs noexec size=64k
	add_mount /data tmpfs tmpfs remount ro nosuid size=128k
	add_mount /copy bind "$bundle/rootfs/etc" bind
	add_mount /copy bind "$bundle/rootfs/etc" remount bind ro
	args mounts
	run
	expect_status 0
	expect_equal "$(grep -c "^/data " "$case/out")" 1
	has /data options ro
	has /data options nosuid
	has /data options noexec
	has /data super size=128k
	has /copy options ro
	add_mount /tmp tmpfs tmpfs remount ro
	run
	expect_failure
	expect_error 'mounts[11] "/tmp"'
	expect_error "remount needs a destination where something is mounted"
}
check "remount changes what is mounted" remount

data_of_the_file_system() {
	new_bundle
	add_mount /data tmpfs tmpfs size=8k mode=0701 uid=7,gid=8 nr_inodes=5
	args mounts /data -- stat /data
	run
	expect_status 0
	has /data super size=8k
	has /data super nr_inodes=5
	expect_line "/data: dir 0701 7:8"
}
check "options that are not known go to the file system" data_of_the_file_system

refused_data() {
	new_bundle
	add_mount /data tmpfs tmpfs sizee=8k
	run
	expect_failure
	expect_error 'mounts[7] "/data"'
	# the kernel's own words
	expect_error "tmpfs: Unknown parameter 'sizee'"
	expect_error "invalid argument"
	config set 'mounts[7].options' '["size=lots"]'
	run
	expect_failure
	expect_error "tmpfs: Bad value for 'size'"
}
check "what the file system refuses is said in the kernel's words" refused_data

unknown_file_system() {
	new_bundle
	add_mount /data nosuchfs x
	run
	expect_failure
	expect_error 'mounts[7] "/data"'
	expect_error 'fsopen "nosuchfs": no such device'
}
check "a file system that the kernel does not know" unknown_file_system

# ---- propagation ----

propagation_of_binds() {
	new_bundle
	mkdir -p source
	for option in private rprivate shared rshared slave rslave unbindable runbindable; do
		add_mount "/o/$option" bind "$case/source" rbind "$option"
	done
	add_mount /o/both bind "$case/source" rbind rslave rshared
	add_mount /o/none bind "$case/source" rbind
	args mounts
	run_after "mount -t tmpfs t '$case/source'; mkdir '$case/source/sub'
		mount -t tmpfs t '$case/source/sub'; mount --make-rshared '$case/source'"
	expect_status 0
	for i in "" /sub; do
		expect_equal "$(field "/o/rprivate$i" propagation)" private
		expect_equal "$(field "/o/rslave$i" propagation)" master
		expect_equal "$(field "/o/rshared$i" propagation)" shared,master
		expect_equal "$(field "/o/runbindable$i" propagation)" unbindable
		expect_equal "$(field "/o/both$i" propagation)" shared,master
	done
	expect_equal "$(field /o/private propagation)" private
	expect_equal "$(field /o/slave propagation)" master
	expect_equal "$(field /o/shared propagation)" shared,master
	expect_equal "$(field /o/unbindable propagation)" unbindable
	# The default of rootfsPropagation: nothing leads back to the host.
	has_not /o/none propagation shared
}
check "propagation of bind mounts" propagation_of_binds

# Whether a mount that is made in the container comes to the host and the other way round.
# propagates ROOTFSPROPAGATION OPTION: prints what has arrived
propagates() {
	new_bundle "bundle-$1-$2"
	mkdir -p "source-$2"
	config set linux.rootfsPropagation "\"$1\""
	config set process.capabilities.bounding '["CAP_SYS_ADMIN"]'
	config set process.capabilities.effective '["CAP_SYS_ADMIN"]'
	config set process.capabilities.permitted '["CAP_SYS_ADMIN"]'
	add_mount /data bind "$case/source-$2" rbind "$2"
	args mount t /data/in tmpfs -- echo mounted -- pause
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -eu -c '
		ringwall="$1 --root $2" source=$3 bundle=$4 id=$5
		mount -t tmpfs t "$source"
		mount --make-shared "$source"
		mkdir "$source/in" "$source/out"
		$ringwall create --bundle "$bundle" "$id" >"$bundle/log" 2>&1 </dev/null
		$ringwall start "$id"
		tries=0
		until grep -q mounted "$bundle/log"; do
			tries=$((tries + 1))
			[ "$tries" -lt 500 ] || exit 1
			sleep 0.02
		done
		cat "$bundle/log"
		if grep -q " $source/in " /proc/self/mountinfo; then echo "from the container"; fi
		mount -t tmpfs t "$source/out"
		if $ringwall exec "$id" /init mounts /data/out | grep -q .; then echo "from the host"; fi
		$ringwall delete --force "$id"
	' sh "$RINGWALL" "$case/state" "$case/source-$2" "$bundle" "$id" >out 2>err ||
		fail "$(cat out err)"
	grep '^from' out || true
}

propagation_between_host_and_container() {
	expect_equal "$(propagates rshared rshared)" "from the container
from the host"
	expect_equal "$(propagates rslave rslave)" "from the host"
	expect_equal "$(propagates rprivate rprivate)" ""
	expect_equal "$(propagates rslave rshared)" "from the host"
}
check "shared, slave and private do what they say" propagation_between_host_and_container

too_many_propagations() {
	new_bundle
	add_mount /data tmpfs tmpfs private shared slave private shared
	run
	expect_failure
	expect_error "more than 4 kinds of propagation"
}
check "a list of propagation without end is refused" too_many_propagations

root_propagation() {
	new_bundle
	args mounts /
	run
	expect_status 0
	expect_equal "$(field / propagation)" private
	for value in private rprivate unbindable runbindable; do
		config set linux.rootfsPropagation "\"$value\""
		run
		expect_status 0
		expect_equal "$(field / propagation)" "${value#r}"
	done
}
check "linux.rootfsPropagation: none, private and unbindable" root_propagation

root_propagation_of_the_host() {
	new_bundle
	args mounts /
	for value in shared rshared; do
		config set linux.rootfsPropagation "\"$value\""
		run
		expect_status 0
		has / propagation shared
	done
	# In a slave of a shared mount.
	for value in slave rslave; do
		config set linux.rootfsPropagation "\"$value\""
		run_after "mount --bind '$bundle/rootfs' '$bundle/rootfs'
			mount --make-shared '$bundle/rootfs'"
		expect_status 0
		expect_equal "$(field / propagation)" master
	done
}
check "linux.rootfsPropagation: shared and slave" root_propagation_of_the_host

root_propagation_invalid() {
	new_bundle
	config set linux.rootfsPropagation '"bogus"'
	run
	expect_failure
	expect_error 'linux.rootfsPropagation: unknown mount propagation "bogus"'
}
check "linux.rootfsPropagation: another value is an error" root_propagation_invalid

# ---- destinations and sources ----

order() {
	new_bundle
	mkdir -p one two
	touch one/one two/two
	add_mount /data bind "$case/one" bind
	add_mount /data/../data bind "$case/two" bind
	add_mount /hidden/below tmpfs tmpfs
	add_mount /hidden tmpfs tmpfs
	add_mount /a tmpfs tmpfs
	add_mount /a/b/c tmpfs tmpfs ro
	args ls /data -- ls /hidden -- echo end -- mounts
	run
	expect_status 0
	expect_equal "$(sed '/^end/,$d' "$case/out")" two
	has /a/b/c options ro
	sed -n 's/^\(\/[^ ]*\) type=.*/\1/p' "$case/out" | grep -x -e /data -e /hidden/below -e /hidden \
		-e /a -e /a/b/c >points
	expect_equal "$(tr '\n' ' ' <points)" "/data /data /hidden/below /hidden /a /a/b/c "
}
check "mounts are made in the order of the list" order

relative_destination() {
	new_bundle
	config set process.cwd '"/tmp"'
	add_mount data/x tmpfs tmpfs size=4k
	add_mount ../../../up tmpfs tmpfs size=8k
	args mounts
	run
	expect_status 0
	has /data/x super size=4k
	has /up super size=8k
}
check "a relative destination is one below the root" relative_destination

relative_source() {
	new_bundle
	mkdir "$bundle/volume"
	echo here >"$bundle/volume/file"
	add_mount /data none volume bind
	args cat /data/file
	run
	expect_status 0
	expect_output here
	# whatever the caller's directory is
	(cd / && run && expect_status 0 && expect_output here)
}
check "a relative source of a bind mount is below the bundle" relative_source

bind_files() {
	new_bundle
	echo text >file
	mkfifo fifo
	mknod null c 1 3
	"$TOOLS/recvtty" socket 2>recvtty.err &
	recvtty=$!
	wait_until test -S socket
	for i in file fifo null socket; do
		add_mount "/new/$i" bind "$case/$i" bind
	done
	ln -s file link
	add_mount /followed bind "$case/link" bind
	add_mount /copied bind "$case/link" bind copy-symlink
	echo old >"$bundle/rootfs/etc/file"
	add_mount /etc/file bind "$case/file" bind ro
	args stat /new/file /new/fifo /new/null /new/socket /followed /copied -- cat /etc/file -- \
		open /etc/file w
	run
	kill "$recvtty"
	wait "$recvtty" || true
	expect_status 0
	expect_line "/new/file: file 0644 0:0 size=5"
	expect_line "/new/fifo: fifo 0644 0:0"
	expect_line "/new/null: char 0644 0:0 1:3"
	grep -q "^/new/socket: socket " "$case/out" || fail "no socket"
	expect_line "/followed: file 0644 0:0 size=5"
	expect_line "/copied: link 0777 0:0 -> file"
	expect_line text
	expect_line "open /etc/file w: EROFS"
	# mount points are made empty, and nothing is written through them
	expect_equal "$(cat "$bundle/rootfs/etc/file")" old
	expect_equal "$(stat -c '%F %s' "$bundle/rootfs/new/socket")" "regular empty file 0"
}
check "files, fifos, sockets, devices and links as sources" bind_files

missing_source() {
	new_bundle
	add_mount /data bind "$case/nowhere" bind
	run
	expect_failure
	expect_error "mounts[7] \"/data\": open_tree \"$case/nowhere\": no such file or directory"
	expect_error "hint: the source of a bind mount must exist on the host"
	[ ! -e "$bundle/rootfs/data" ] || fail "the destination was made"
	for json in '""' null; do
		config set 'mounts[7].source' "$json"
		run
		expect_failure
		expect_error 'mounts[7]: a bind mount needs a "source"'
	done
}
check "a source that does not exist" missing_source

# Engines look for "not a directory".
mismatch() {
	new_bundle
	echo text >file
	mkdir dir
	add_mount /etc bind "$case/file" bind
	run
	expect_failure
	expect_error 'mounts[7] "/etc": mount a file on a directory: not a directory'
	expect_error "source and destination must both be directories, or both be files"
	touch "$bundle/rootfs/plain"
	config set 'mounts[7].source' "\"$case/dir\""
	config set 'mounts[7].destination' '"/plain"'
	run
	expect_failure
	expect_error 'mounts[7] "/plain"'
	expect_error ': not a directory'
	expect_error "this path, or a part of it, is a file in the image"
}
check "a file does not go on a directory, nor the other way round" mismatch

no_type() {
	new_bundle
	config append mounts '{"destination": "/data", "source": "x"}'
	run
	expect_failure
	expect_error 'mounts[7]: the file system'"'"'s "type" is missing'
	config set 'mounts[7]' '{"source": "x", "type": "tmpfs"}'
	run
	expect_failure
	expect_error 'mounts[7]: required property "destination" is missing'
	config set 'mounts[7]' '{"destination": "/", "type": "tmpfs"}'
	run
	expect_failure
	expect_error 'mounts[7] "/": a mount cannot replace the root: see root.path'
}
check "a mount without type or destination, or on the root" no_type

tmpcopyup() {
	new_bundle
	mkdir -p "$bundle/rootfs/data/sub"
	echo text >"$bundle/rootfs/data/sub/file"
	chown 12:34 "$bundle/rootfs/data/sub"
	chmod 2751 "$bundle/rootfs/data/sub"
	chmod 4755 "$bundle/rootfs/data/sub/file"
	ln -s /nowhere "$bundle/rootfs/data/link"
	mkfifo "$bundle/rootfs/data/fifo"
	mknod "$bundle/rootfs/data/null" c 1 3
	add_mount /data tmpfs tmpfs tmpcopyup
	args mounts /data -- stat /data/sub /data/sub/file /data/link /data/fifo /data/null -- \
		cat /data/sub/file -- write /data/sub/file other -- cat /data/sub/file
	run
	expect_status 0
	expect_equal "$(field /data type)" tmpfs
	expect_line "/data/sub: dir 2751 12:34"
	expect_line "/data/sub/file: file 4755 0:0 size=5"
	expect_line "/data/link: link 0777 0:0 -> /nowhere"
	expect_line "/data/fifo: fifo 0644 0:0"
	expect_line "/data/null: char 0644 0:0 1:3"
	expect_line text
	expect_line other
	expect_equal "$(cat "$bundle/rootfs/data/sub/file")" text
	config set 'mounts[7].type' '"ramfs"'
	run
	expect_failure
	expect_error 'tmpcopyup is for a tmpfs, not for "ramfs"'
}
check "tmpcopyup: a tmpfs begins with what it covers" tmpcopyup

# ---- id maps ----

maps='{"uidMappings": [{"containerID": 0, "hostID": 5000, "size": 10}],
	"gidMappings": [{"containerID": 0, "hostID": 6000, "size": 10}]}'

# idmap_with MAPS OPTION...: a bind mount of $case/source with a file of 0:0 and a mount below.
idmap_with() {
	with_maps=$1
	shift
	mkdir -p source/sub
	touch source/file
	add_mount /data bind "$case/source" "$@"
	if [ "$with_maps" = yes ]; then
		printf %s "$maps" >maps.json
		for key in uidMappings gidMappings; do
			config set "mounts[7].$key" "$("$JSONEDIT" maps.json get "$key")"
		done
	fi
}
below='mount -t tmpfs t source/sub; touch source/sub/file'

idmap_with_maps() {
	for option in idmap defaults; do
		new_bundle "$option"
		idmap_with yes rbind "$option"
		args stat /data/file /data/sub/file -- write /data/new x -- stat /data/new
		run_after "$below"
		expect_status 0
		expect_line "/data/file: file 0644 5000:6000 size=0"
		# not recursive
		expect_line "/data/sub/file: file 0644 0:0 size=0"
	done
	new_bundle ridmap
	idmap_with yes rbind ridmap
	args stat /data/file /data/sub/file
	run_after "$below"
	expect_status 0
	expect_line "/data/file: file 0644 5000:6000 size=0"
	expect_line "/data/sub/file: file 0644 5000:6000 size=0"
}
check "idmap and ridmap with uidMappings and gidMappings" idmap_with_maps

# A file that is made in the container by the mapped user belongs to the user before the map.
idmap_writes() {
	new_bundle
	idmap_with yes bind idmap
	chmod 777 source
	config set process.user.uid 5001
	config set process.user.gid 6001
	args write /data/new x -- stat /data/new
	run
	expect_status 0
	expect_line "/data/new: file 0644 5001:6001 size=1"
	expect_equal "$(stat -c %u:%g source/new)" 1:1
}
check "idmap: new files are mapped back" idmap_writes

# Root of the container sees its files, although they are root's on the host.
idmap_of_the_container() {
	for option in idmap ridmap; do
		new_bundle "$option"
		idmap_with no rbind "$option"
		use_user_namespace
		args stat /data/file /data/sub/file -- open /data/by-root c
		run_after "$below"
		expect_status 0
		expect_line "/data/file: file 0644 0:0 size=0"
		expect_line "open /data/by-root c: ok"
		expect_equal "$(stat -c %u:%g source/by-root)" 0:0
	done
	expect_line "/data/sub/file: file 0644 0:0 size=0"
	new_bundle plain
	idmap_with no rbind
	use_user_namespace
	args stat /data/file
	run
	expect_status 0
	expect_line "/data/file: file 0644 65534:65534 size=0"
}
check "idmap and ridmap without maps take those of the container" idmap_of_the_container

idmap_in_user_namespace_with_maps() {
	new_bundle
	idmap_with yes bind idmap
	config set 'mounts[7].uidMappings[0].hostID' 100007
	config set 'mounts[7].gidMappings[0].hostID' 100008
	use_user_namespace
	args stat /data/file
	run
	expect_status 0
	expect_line "/data/file: file 0644 7:8 size=0"
}
check "maps of the mount, in a user namespace" idmap_in_user_namespace_with_maps

idmap_errors() {
	new_bundle
	idmap_with no bind idmap
	run
	expect_failure
	expect_error 'mounts[7]: an id-mapped mount needs "uidMappings" and "gidMappings", or a user namespace'
	config set 'mounts[7].options' '["bind"]'
	config set 'mounts[7].uidMappings' '[{"containerID": 0, "hostID": 5000, "size": 10}]'
	run
	expect_failure
	expect_error gidMappings
	config del 'mounts[7].uidMappings'
	config set 'mounts[7].gidMappings' '[{"containerID": 0, "hostID": 5000, "size": 10}]'
	run
	expect_failure
	expect_error uidMappings
}
check "an id map that is incomplete is an error" idmap_errors

idmap_of_file_systems() {
	new_bundle
	idmap_with yes idmap
	config set 'mounts[7].type' '"tmpfs"'
	config set process.user.uid 5000
	config set process.user.gid 6000
	args stat /data -- write /data/x y -- stat /data/x
	run
	expect_status 0
	expect_line "/data: dir 1777 5000:6000"
	expect_line "/data/x: file 0644 5000:6000 size=1"
}
check "a tmpfs with an id map" idmap_of_file_systems

# As the kernel has it, overlay's layers may be id-mapped, and the mount itself may not (6.18).
idmap_of_overlay() {
	new_bundle
	mkdir lower upper work
	idmap_with yes idmap "lowerdir=$case/lower" "upperdir=$case/upper" "workdir=$case/work"
	config set 'mounts[7].type' '"overlay"'
	args stat /data
	run
	if [ "$status" = 0 ]; then
		expect_line "/data: dir 0755 5000:6000"
	else
		expect_error "mount_setattr (id map): invalid argument"
		expect_error "the file system does not support id-mapped mounts on this kernel"
	fi
}
check "an overlay with an id map works or says why not" idmap_of_overlay

idmap_of_an_own_file_system() {
	new_bundle
	use_user_namespace
	idmap_with yes idmap
	config set 'mounts[7].type' '"tmpfs"'
	run
	expect_failure
	expect_error "idmap is for bind mounts in a container with a user namespace"
}
check "no id map for a file system of the container's user namespace" idmap_of_an_own_file_system

# A file system that is mounted on the host from a block device.
idmap_of_ext4() {
	command -v mkfs.ext4 >/dev/null 2>&1 || skip "mkfs.ext4 is not installed"
	truncate -s 4M image
	mkfs.ext4 -q image
	new_bundle
	idmap_with yes bind idmap
	args mounts /data -- stat /data/lost+found
	run_after "mount -o loop image source 2>/dev/null || exit 99"
	[ "$status" != 99 ] || skip "no loop device can be mounted"
	expect_status 0
	expect_equal "$(field /data type)" ext4
	expect_line "/data/lost+found: dir 0700 5000:6000"
}
check "an ext4 with an id map" idmap_of_ext4

ext4_from_a_device() {
	command -v mkfs.ext4 >/dev/null 2>&1 || skip "mkfs.ext4 is not installed"
	command -v losetup >/dev/null 2>&1 || skip "losetup is not installed"
	truncate -s 4M image
	mkfs.ext4 -q image
	device=$(losetup --find --show image 2>/dev/null) || skip "no loop device"
	new_bundle
	add_mount /data ext4 "$device" ro noload
	args mounts /data
	run
	result=$status
	use_user_namespace
	config set 'mounts[7].uidMappings' '[{"containerID": 0, "hostID": 100000, "size": 9}]'
	config set 'mounts[7].gidMappings' '[{"containerID": 0, "hostID": 100000, "size": 9}]'
	args stat /data/lost+found
	cp out out1
	run
	losetup -d "$device"
	expect_status 0
	expect_line "/data/lost+found: dir 0700 0:0"
	expect_equal "$result" 0
	cp out1 out
	expect_equal "$(field /data type)" ext4
	has /data super ro
}
check "a file system on a block device of the host" ext4_from_a_device

# ---- file systems ----

overlay() {
	new_bundle
	mkdir -p lower1 lower2 upper work
	echo one >lower1/a
	echo two >lower2/a
	echo two >lower2/b
	add_mount /data overlay overlay "lowerdir=$case/lower1:$case/lower2" "upperdir=$case/upper" \
		"workdir=$case/work"
	args mounts /data -- cat /data/a /data/b -- write /data/c x
	run
	expect_status 0
	expect_equal "$(field /data type)" overlay
	expect_line one
	expect_line two
	expect_equal "$(cat upper/c)" x
	# read-only when told so, and with more layers than one parameter holds
	layers=
	for i in $(seq 30); do
		mkdir -p "layers/number-$i"
		echo "$i" >"layers/number-$i/$i"
		layers=$layers${layers:+:}$case/layers/number-$i
	done
	[ "${#layers}" -gt 256 ] || fail "the list is too short for the test"
	config set 'mounts[7].options' "[\"ro\", \"lowerdir=$layers\"]"
	args cat /data/1 /data/30 -- open /data/x c -- mounts /data
	run
	expect_status 0
	expect_line 30
	expect_line "open /data/x c: EROFS"
}
check "overlay: layers are paths of the host, also very many" overlay

kernel_file_systems() {
	new_bundle
	args mounts -- open /proc/self/stat r -- open /sys/class d -- open /dev/mqueue d -- \
		open /dev/pts/ptmx rw -- open /sys/fs/cgroup/cgroup.procs r -- open /sys/x c
	run
	expect_status 0
	expect_equal "$(field /proc type)" proc
	expect_equal "$(field /sys type)" sysfs
	has /sys options ro
	expect_equal "$(field /dev/mqueue type)" mqueue
	expect_equal "$(field /dev/pts type)" devpts
	has /dev/pts super mode=620
	has /dev/pts super gid=5
	expect_equal "$(field /sys/fs/cgroup type)" cgroup2
	has /sys/fs/cgroup options ro
	expect_equal "$(field /dev/shm type)" tmpfs
	expect_line "open /proc/self/stat r: ok"
	expect_line "open /sys/class d: ok"
	expect_line "open /dev/mqueue d: ok"
	expect_line "open /dev/pts/ptmx rw: ok"
	expect_line "open /sys/fs/cgroup/cgroup.procs r: ok"
}
check "proc, sysfs, mqueue, devpts, cgroup" kernel_file_systems

cgroups_without_a_namespace() {
	new_bundle
	config set linux.namespaces '[{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"},
		{"type": "network"}]'
	args mounts /sys/fs/cgroup -- open /sys/fs/cgroup/cgroup.procs r
	run
	expect_status 0
	expect_equal "$(field /sys/fs/cgroup type)" cgroup2
	has /sys/fs/cgroup options ro
	has /sys/fs/cgroup options noexec
	expect_line "open /sys/fs/cgroup/cgroup.procs r: ok"
}
check "cgroups without a cgroup namespace" cgroups_without_a_namespace

cgroups_of_a_host_without() {
	new_bundle
	config set linux.namespaces '[{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"},
		{"type": "network"}]'
	args mounts /sys/fs/cgroup
	config del linux.resources
	run_after "umount -R /sys/fs/cgroup"
	expect_status 0
	expect_equal "$(field /sys/fs/cgroup type)" cgroup2
	has /sys/fs/cgroup options ro
}
check "the same on a host that has mounted none" cgroups_of_a_host_without

kernel_file_systems_in_user_namespace() {
	new_bundle
	use_user_namespace
	args mounts -- open /proc/self/stat r -- open /dev/pts/ptmx rw
	run
	expect_status 0
	for i in /proc:proc /sys:sysfs /dev/mqueue:mqueue /dev/pts:devpts /sys/fs/cgroup:cgroup2; do
		expect_equal "$(field "${i%:*}" type)" "${i#*:}"
	done
	expect_line "open /proc/self/stat r: ok"
	expect_line "open /dev/pts/ptmx rw: ok"
}
check "the same in a user namespace" kernel_file_systems_in_user_namespace

# Without the namespaces that they show the host's stand in: read-only, and nothing of other containers' cgroups is writable.
host_stands_in() {
	new_bundle
	use_user_namespace
	args mounts
	config set linux.namespaces '[{"type": "pid"}, {"type": "mount"}, {"type": "user"}, {"type": "ipc"},
		{"type": "uts"}]'
	run
	expect_status 0
	expect_equal "$(field /sys type)" sysfs
	has /sys options ro
	! grep '^/sys' "$case/out" | grep -q 'options=rw' || fail "something below /sys is writable"
}
check "in a user namespace the host's sysfs and cgroups stand in" host_stands_in

# devpts: gid=5 has no meaning when group 5 is not mapped.
devpts_without_tty() {
	new_bundle
	use_user_namespace
	config set linux.uidMappings '[{"containerID": 0, "hostID": 100000, "size": 1}]'
	config set linux.gidMappings '[{"containerID": 0, "hostID": 100000, "size": 1}]'
	args mounts /dev/pts
	run
	expect_status 0
	expect_equal "$(field /dev/pts type)" devpts
}
check "devpts without the group of terminals" devpts_without_tty

# A mount from a parent namespace keeps the flags it has: rootless callers meet this.
locked_flags() {
	new_bundle
	mkdir source
	add_mount /data bind "$case/source" bind rw
	config set linux.namespaces '[{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"},
		{"type": "network"}]'
	config del linux.resources
	# shellcheck disable=SC2016
	status=0
	unshare -m --propagation private sh -ec 'mount -t tmpfs t source
		mount -o remount,bind,ro,nodev source
		exec unshare -r -m "$@"' sh "$RINGWALL" --root "$case/state" --cgroup-manager disabled run \
		--bundle "$bundle" "$id" >"$case/out" 2>"$case/err" </dev/null || status=$?
	expect_failure
	expect_error 'mounts[7] "/data"'
	expect_error 'option "rw"'
	expect_error "is mounted read-only, locked by another user namespace"
	expect_error "the mount cannot have more rights than its source: leave the option out"
}
check "flags that another user namespace has locked" locked_flags

# What the host has mounted read-only, root of a user namespace cannot make writable, whatever its capabilities there.
hosts_flags_stay() {
	need_root
	new_bundle
	use_user_namespace
	mkdir source
	chmod 755 "$work" "$case" source
	add_mount /data bind "$case/source" bind
	for set in bounding effective permitted; do
		config append "process.capabilities.$set" '"CAP_SYS_ADMIN"'
	done
	config del linux.seccomp
	# 4128: MS_REMOUNT | MS_BIND
	args open /data/x c -- mount none /data none 4128 -- open /data/x c
	status=0
	unshare -m --propagation private sh -ec 'mount -t tmpfs -o mode=777 t source
		mount -o remount,bind,ro source
		exec "$@"' sh "$RINGWALL" --root "$case/state" run --bundle "$bundle" "$id" \
		>"$case/out" 2>"$case/err" </dev/null || status=$?
	expect_status 0
	# a guest's mount may change, and its file server writes nothing all the same
	changed=EPERM
	[ "$ISOLATION" = native ] || changed=ok
	expect_output "open /data/x c: EROFS
mount /data: $changed
open /data/x c: EROFS"
}
check "the host's read-only mount stays so in a user namespace" hosts_flags_stay

# ---- /proc ----

inside_proc() {
	new_bundle
	echo fake >file
	add_mount /proc/uptime bind "$case/file" bind
	add_mount /proc/meminfo bind "$case/file" bind ro
	args cat /proc/uptime /proc/meminfo
	run
	expect_status 0
	expect_output "fake
fake"
	mkdir dir
	for i in /proc/self/attr /proc/sys/kernel /proc/1 /proc/../proc/self /proc/bus; do
		config set 'mounts[7]' \
			"{\"destination\": \"$i\", \"type\": \"bind\", \"source\": \"$case/dir\"}"
		run
		expect_failure
		expect_error "mounts[7] \"$i\": nothing can be mounted there inside /proc"
	done
	for type in tmpfs ramfs; do
		config set 'mounts[7]' "{\"destination\": \"/proc\", \"type\": \"$type\"}"
		run
		expect_failure
		expect_error 'mounts[7] "/proc": only a procfs can be mounted on /proc'
	done
	config set 'mounts[7]' "{\"destination\": \"/proc\", \"type\": \"bind\", \"source\": \"$case/dir\"}"
	run
	expect_failure
	expect_error "only a procfs can be mounted on /proc"
}
check "what may be mounted inside /proc, and what on it" inside_proc

proc_of_the_host() {
	new_bundle
	add_mount /proc bind /proc rbind
	args open /proc/self/stat r
	run
	expect_status 0
}
check "the host's procfs on /proc" proc_of_the_host

mount_label() {
	[ ! -d /sys/fs/selinux/class ] || skip "this machine has SELinux"
	new_bundle
	config set linux.mountLabel '"system_u:object_r:container_file_t:s0:c1,c2"'
	run
	expect_failure
	expect_error "linux.mountLabel: SELinux is not enabled"
}
check "linux.mountLabel without SELinux is an error" mount_label

# ---- many ----

many() {
	new_bundle
	mkdir source
	echo text >source/file
	list=$(config get mounts | sed '$ s/]$//')
	for i in $(seq 200); do
		list="$list, {\"destination\": \"/o/$i\", \"source\": \"$case/source\", \"options\": [\"bind\"]}"
	done
	config set mounts "$list]"
	args cat /o/1/file /o/200/file
	run
	expect_status 0
	expect_output "text
text"
}
check "two hundred mounts" many

few_descriptors() {
	new_bundle
	mkdir source
	list=$(config get mounts | sed '$ s/]$//')
	for i in $(seq 64); do
		list="$list, {\"destination\": \"/o/$i\", \"source\": \"$case/source\", \"options\": [\"bind\"]}"
	done
	config set mounts "$list]"
	(
		# shellcheck disable=SC3045 # every shell has it
		ulimit -n 40
		run
		expect_failure
		expect_error "too many open files"
		expect_error "raise the limit (ulimit -n)"
	)
}
check "more bind mounts than descriptors" few_descriptors

no_mount_namespace() {
	new_bundle
	config set linux.namespaces '[{"type": "pid"}]'
	run
	expect_failure
	expect_error "mounts: needs a mount namespace in linux.namespaces"
	expect_error "without one it would act on the host's"
	config set mounts '[]'
	config del root.readonly
	config del linux.maskedPaths
	config del linux.readonlyPaths
	config del hostname
	config append linux.namespaces '{"type": "mount", "path": "/proc/self/ns/mnt"}'
	config set root.readonly true
	run
	expect_failure
	expect_error "root.readonly: not possible without a mount namespace"
}
check "no mount namespace, or the host's: nothing is mounted" no_mount_namespace

finish
