#pragma once

// Readers of classic Swarm's expressions: one in each entry of the environment, as in
// `-e constraint:region==eu`, or a JSON list of them in a com.docker.swarm.* label.
//
//     expression = key ("==" | "!=") ["~"] value
//     value      = text, where * and ? are wildcards, or /regular expression/
//
// `~` makes it a wish. A quote is refused, as classic Swarm did: nothing would ever match it. A
// label that is no JSON has no effect there either; here a warning says so. Rancher's key for
// labels of containers, `container_label:key`, is understood, too.

#include "labels/keys.h"

namespace labels::swarm {

void readConstraint(Reading& reading);
void readAffinity(Reading& reading);
void readWhitelist(Reading& reading);
void readReschedule(Reading& reading);

// The same for each text of a JSON list.
void readConstraints(Reading& reading);
void readAffinities(Reading& reading);
void readWhitelists(Reading& reading);
void readReschedules(Reading& reading);

}  // namespace labels::swarm
