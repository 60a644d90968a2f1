/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a process plan.  Private to runtime/process/. */
#pragma once

#include "runtime/process/process.h"

/* ---- caps.c ---- */

/* Fills the caps_ members; warns of what the kernel does not know. */
void caps_plan(const struct spec_capabilities *config, struct process_plan *plan);

/* Before the identity changes: drops what is not planned from the bounding set. */
int caps_drop_bounding(const struct process_plan *plan, struct err *err) MUST_USE;

/* After it: the three sets, then the ambient one; read back and compared.  @retain: capabilities
 * that stay permitted and effective besides, as far as they are permitted now. */
int caps_apply(const struct process_plan *plan, uint64_t retain, struct err *err) MUST_USE;

/* ---- labels.c ---- */

int labels_apply(const struct process_plan *plan, int procfd, struct err *err) MUST_USE;

/* ---- limits.c ---- */

/* As process_before_clone() and process_after_clone(). */
int oom_score_before_clone(struct process_plan *plan, int procfd, struct err *err) MUST_USE;
void oom_score_after_clone(struct process_plan *plan, int procfd);
int limits_apply_outside(const struct process_plan *plan, pid_t pid, struct err *err) MUST_USE;
/* The limits themselves; lowering one's own needs no right. */
int limits_apply_inside(const struct process_plan *plan, struct err *err) MUST_USE;

/* ---- schedule.c ---- */

/* Parses a cpuset list ("0-3,7") into @mask of @bits bits.  @name is the property's. */
int schedule_parse_list(const char *text, unsigned long *mask, size_t bits, const char *name,
	struct err *err) MUST_USE;
int schedule_plan(struct process_plan *plan, struct err *err) MUST_USE;
int schedule_before_clone(const struct process_plan *plan, struct err *err) MUST_USE;
int schedule_apply_outside(const struct process_plan *plan, pid_t pid, struct err *err) MUST_USE;
int schedule_apply_inside(const struct process_plan *plan, struct err *err) MUST_USE;

/* ---- resolve.c ---- */

/* The home directory of @uid in the text of a passwd file, copied to @home; "/" (for root "/root")
 * when there is none.  @text is changed. */
void home_find(char *text, uint32_t uid, char *home, size_t size);

/* Enters process.cwd as the container's user. */
int cwd_enter_pending(struct process_plan *plan, struct err *err) MUST_USE;

/* ---- program.c ---- */

/* Sets exe_path. */
int program_find(struct process_plan *plan, struct err *err) MUST_USE;
