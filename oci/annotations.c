// SPDX-License-Identifier: Apache-2.0
/*
 * The annotations that change what we do; all others are only handed on (config.md, "Annotations").
 * "Unsafe" ones could weaken the isolation when an image's labels reach them: `features` tells
 * engines which (potentiallyUnsafeConfigAnnotations).  A row comes with the code that honours it:
 * so far there is none.
 */
#include "oci/spec.h"

const struct annotation annotations[] = {};

const size_t annotation_count = sizeof(annotations) / sizeof(annotations[0]);
