#pragma once

// Readers of the io.rancher.* labels of a container, as Rancher 1.x understood them, as far as they
// have a meaning without its server. Lenient where Rancher was: a value it would have passed over
// is passed over, with a warning. Where its documents and its code disagreed, the tests say what we
// do (test/scheduler/test_rancher_labels.cc).

#include "labels/keys.h"

namespace labels::rancher {

// One reader for each of the twelve affinity keys.
template <Rule::Op op, bool soft>
void readHostLabels(Reading& reading);
template <Rule::Op op, bool soft>
void readContainerLabels(Reading& reading);
template <Rule::Op op, bool soft>
void readContainers(Reading& reading);

void readVolumes(Reading& reading);
void readGlobal(Reading& reading);
void readSidekicks(Reading& reading);
void readLinkSelector(Reading& reading);
void readContainerSelector(Reading& reading);
void readPullImage(Reading& reading);
void readStartOnce(Reading& reading);
void readHostname(Reading& reading);
void readRequestedIp(Reading& reading);
void readDns(Reading& reading);
void readDnsPriority(Reading& reading);
void readVolumeCleanup(Reading& reading);

}  // namespace labels::rancher
