/* SPDX-License-Identifier: MIT */
/* A bound for tests of what hostile input costs. */
#ifndef COST_H
#define COST_H

/* CPU seconds, a thousand times what the work takes: no measure of speed, but
 * what work that grows with the square of its input goes beyond. */
#define HOPELESS 60

#endif
