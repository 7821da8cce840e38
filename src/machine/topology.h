/* The parts of topology_read that tests feed with machines of their own. */
#ifndef MACHINE_TOPOLOGY_H
#define MACHINE_TOPOLOGY_H
#include "machine/machine.h"

#include <hwloc.h>

/* Sockets, cores, PUs, NUMA nodes, caches and memory of a loaded topology: what it holds is what is allowed. */
void topology_of_hwloc(hwloc_topology_t loaded, struct topology *out);
/* Name, vendor, family, model, stepping, clocks and hypervisor from ROOT/proc and ROOT/sys. */
void topology_of_system(const char *root, struct topology *out);
/* The cache of a level, NULL where there is none; the last level's number, 0 where there are no caches. */
const struct cache *topology_cache(const struct topology *t, int level);
int topology_last_level(const struct topology *t);
/* How the hypervisor calls itself below ROOT, "unnamed" where only the CPU's flag tells; false on bare metal. */
bool hypervisor_name(const char *root, char *out, size_t room);
#endif
