// SPDX-License-Identifier: Apache-2.0
/*
 * The numbers that the guest holds: of nodes and of open files (see kvm/fs.h).
 *
 * A table is made of chunks that never move, so that a request may use an entry without the lock
 * while it holds it.  An entry is freed when the guest has forgotten it and the last request is
 * through with it; its slot's generation then changes, and the old number is nobody's.
 */
#include "kvm/fs-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

#define CHUNK 256u

int fs_table_init(struct fs_table *table, size_t entry_size, uint32_t max)
{
	*table = (struct fs_table){ .entry_size = entry_size, .max = max };
	pthread_mutex_init(&table->lock, NULL);
	table->chunks = calloc(max / CHUNK + 1, sizeof(*table->chunks));
	return table->chunks ? 0 : -ENOMEM;
}

void fs_table_release(struct fs_table *table)
{
	for (uint32_t i = 0; table->chunks && i * CHUNK < table->made; i++)
		free(table->chunks[i]);
	free(table->chunks);
	table->chunks = NULL;
	pthread_mutex_destroy(&table->lock);
}

void *fs_table_at(struct fs_table *table, uint32_t index)
{
	return table->chunks[index / CHUNK] + (index % CHUNK) * table->entry_size;
}

static uint64_t number_of(const struct fs_slot *slot)
{
	/* The root is number 1: index 0, generation 0. */
	return (uint64_t)slot->generation << 32 | (slot->index + 1);
}

/* The entry in use with this number, or NULL.  With the lock held. */
static void *find(struct fs_table *table, uint64_t number)
{
	uint32_t index = (uint32_t)number - 1;
	struct fs_slot *slot;

	if (index >= table->made) /* also of number 0 */
		return NULL;
	slot = fs_table_at(table, index);
	return slot->used && slot->generation == number >> 32 ? slot : NULL;
}

/* A free entry, marked used.  With the lock held. */
static int take(struct fs_table *table, void *out_entry)
{
	struct fs_slot *slot;

	if (table->count >= table->max)
		return -ENFILE;
	if (table->free) {
		slot = fs_table_at(table, table->free - 1);
		table->free = slot->next;
	} else {
		char **chunk = &table->chunks[table->made / CHUNK];

		if (!*chunk)
			*chunk = calloc(CHUNK, table->entry_size);
		if (!*chunk)
			return -ENOMEM;
		slot = fs_table_at(table, table->made);
		slot->index = table->made++;
	}
	slot->used = true;
	slot->users = 0;
	slot->next = 0;
	table->count++;
	*(void **)out_entry = slot;
	return 0;
}

/* With the lock held. */
static void give_back(struct fs_table *table, struct fs_slot *slot)
{
	slot->used = false;
	slot->generation++;
	slot->next = table->free;
	table->free = slot->index + 1;
	table->count--;
}

/* ---- nodes; all of these with the table's lock held ---- */

static bool same_file(const struct fs_node *a, const struct fs_node *b)
{
	return a->ino == b->ino && a->mount == b->mount && a->dev_major == b->dev_major &&
		a->dev_minor == b->dev_minor;
}

static uint32_t *bucket_of(const struct fs *fs, const struct fs_node *node)
{
	uint64_t h = node->ino * 0x9e3779b97f4a7c15ull;

	h ^= (h >> 29) + node->mount * 0xbf58476d1ce4e5b9ull + node->dev_minor;
	h *= 0x94d049bb133111ebull;
	return &fs->buckets[(uint32_t)(h >> 32) & (fs->bucket_count - 1)];
}

static struct fs_node *node_find(struct fs *fs, const struct fs_node *like)
{
	for (uint32_t i = *bucket_of(fs, like); i;) {
		struct fs_node *node = fs_table_at(&fs->nodes, i - 1);

		if (same_file(node, like))
			return node;
		i = node->slot.next;
	}
	return NULL;
}

static void node_link(struct fs *fs, struct fs_node *node)
{
	uint32_t *bucket = bucket_of(fs, node);

	node->slot.next = *bucket;
	*bucket = node->slot.index + 1;
}

static void node_unlink(struct fs *fs, struct fs_node *node)
{
	uint32_t *at = bucket_of(fs, node);

	while (*at != node->slot.index + 1)
		at = &((struct fs_node *)fs_table_at(&fs->nodes, *at - 1))->slot.next;
	*at = node->slot.next;
}

/* As many buckets as nodes: memory follows what the guest uses. */
static void buckets_grow(struct fs *fs)
{
	uint32_t count = fs->bucket_count * 2, *buckets;

	if (fs->nodes.count <= fs->bucket_count)
		return;
	buckets = calloc(count, sizeof(*buckets));
	if (!buckets)
		return; /* longer chains do as well */
	free(fs->buckets);
	fs->buckets = buckets;
	fs->bucket_count = count;
	for (uint32_t i = 0; i < fs->nodes.made; i++) {
		struct fs_node *node = fs_table_at(&fs->nodes, i);

		if (node->slot.used)
			node_link(fs, node);
	}
}

/* Returns a descriptor to close after the lock was given up, or FD_NONE. */
static int node_drop(struct fs *fs, struct fs_node *node)
{
	if (node->lookups > 0 || node->slot.users > 0)
		return FD_NONE;
	node_unlink(fs, node);
	give_back(&fs->nodes, &node->slot);
	return take_fd(&node->fd);
}

/* ---- nodes, for the operations ---- */

struct fs_node *fs_node_get(struct fs *fs, uint64_t number)
{
	struct fs_node *node;

	pthread_mutex_lock(&fs->nodes.lock);
	node = find(&fs->nodes, number);
	if (node)
		node->slot.users++;
	pthread_mutex_unlock(&fs->nodes.lock);
	return node;
}

void fs_node_put(struct fs *fs, struct fs_node *node)
{
	int fd;

	if (!node)
		return;
	pthread_mutex_lock(&fs->nodes.lock);
	node->slot.users--;
	fd = node_drop(fs, node);
	pthread_mutex_unlock(&fs->nodes.lock);
	fd_close(&fd);
}

uint64_t fs_node_number(const struct fs_node *node)
{
	return number_of(&node->slot);
}

int fs_node_of(struct fs *fs, int fd, struct statx *out_stat, struct fs_node **out_node)
{
	struct fs_node like = { 0 }, *node;
	auto_close int owned = fd;
	int r = fs_stat(fd, out_stat);

	if (r < 0)
		return r;
	like.type = out_stat->stx_mode & S_IFMT;
	like.ino = out_stat->stx_ino;
	like.mount = out_stat->stx_mnt_id;
	like.dev_major = out_stat->stx_dev_major;
	like.dev_minor = out_stat->stx_dev_minor;
	pthread_mutex_lock(&fs->nodes.lock);
	node = node_find(fs, &like);
	/* A file system may give a number anew, as another type, only when nothing holds the old. */
	if (!node) {
		r = take(&fs->nodes, &node);
		if (r == 0) {
			like.slot = node->slot;
			like.fd = take_fd(&owned);
			*node = like;
			node_link(fs, node);
			buckets_grow(fs);
		}
	}
	if (r == 0) {
		node->lookups++;
		node->slot.users++;
		*out_node = node;
	}
	pthread_mutex_unlock(&fs->nodes.lock);
	return r;
}

void fs_node_forget(struct fs *fs, uint64_t number, uint64_t lookups)
{
	struct fs_node *node;
	int fd = FD_NONE;

	if (number == FUSE_ROOT_ID)
		return;
	pthread_mutex_lock(&fs->nodes.lock);
	node = find(&fs->nodes, number);
	if (node) {
		node->lookups -= lookups < node->lookups ? lookups : node->lookups;
		fd = node_drop(fs, node);
	}
	pthread_mutex_unlock(&fs->nodes.lock);
	fd_close(&fd);
}

/* ---- handles ---- */

/* With the lock held.  Returns a descriptor to close after it was given up, or FD_NONE. */
static int handle_drop(struct fs *fs, struct fs_handle *handle)
{
	if (!handle->released || handle->slot.users > 0)
		return FD_NONE;
	pthread_mutex_destroy(&handle->lock);
	give_back(&fs->handles, &handle->slot);
	return take_fd(&handle->fd);
}

int fs_handle_new(struct fs *fs, int fd, const struct fs_node *node, uint64_t *out_number)
{
	auto_close int owned = fd;
	struct fs_handle *handle;
	int r;

	pthread_mutex_lock(&fs->handles.lock);
	r = take(&fs->handles, &handle);
	if (r == 0) {
		handle->released = false;
		handle->fd = take_fd(&owned);
		handle->type = node->type;
		handle->node = fs_node_number(node);
		pthread_mutex_init(&handle->lock, NULL);
		*out_number = number_of(&handle->slot);
	}
	pthread_mutex_unlock(&fs->handles.lock);
	return r;
}

struct fs_handle *fs_handle_get(struct fs *fs, uint64_t number, uint64_t node)
{
	struct fs_handle *handle;

	pthread_mutex_lock(&fs->handles.lock);
	handle = find(&fs->handles, number);
	if (handle && !handle->released && handle->node == node)
		handle->slot.users++;
	else
		handle = NULL;
	pthread_mutex_unlock(&fs->handles.lock);
	return handle;
}

void fs_handle_put(struct fs *fs, struct fs_handle *handle)
{
	int fd;

	if (!handle)
		return;
	pthread_mutex_lock(&fs->handles.lock);
	handle->slot.users--;
	fd = handle_drop(fs, handle);
	pthread_mutex_unlock(&fs->handles.lock);
	fd_close(&fd);
}

int fs_handle_release(struct fs *fs, uint64_t number, uint64_t node)
{
	struct fs_handle *handle;
	int fd = FD_NONE, r = -EBADF;

	pthread_mutex_lock(&fs->handles.lock);
	handle = find(&fs->handles, number);
	if (handle && !handle->released && handle->node == node) {
		handle->released = true;
		fd = handle_drop(fs, handle);
		r = 0;
	}
	pthread_mutex_unlock(&fs->handles.lock);
	fd_close(&fd);
	return r;
}

/* ---- all at once ---- */

void fs_nodes_clear(struct fs *fs)
{
	/* Index 0 is the root, which is there as long as the server. */
	for (uint32_t i = 1; i < fs->nodes.made; i++) {
		struct fs_node *node = fs_table_at(&fs->nodes, i);
		int fd = FD_NONE;

		pthread_mutex_lock(&fs->nodes.lock);
		if (node->slot.used) {
			node->lookups = 0;
			fd = node_drop(fs, node);
		}
		pthread_mutex_unlock(&fs->nodes.lock);
		fd_close(&fd);
	}
}

void fs_handles_clear(struct fs *fs)
{
	for (uint32_t i = 0; i < fs->handles.made; i++) {
		struct fs_handle *handle = fs_table_at(&fs->handles, i);
		int fd = FD_NONE;

		pthread_mutex_lock(&fs->handles.lock);
		if (handle->slot.used) {
			handle->released = true;
			fd = handle_drop(fs, handle);
		}
		pthread_mutex_unlock(&fs->handles.lock);
		fd_close(&fd);
	}
}
