#pragma once

// Readers of the io.drover.* labels of a container; keys.cc says which reads what.

#include "labels/keys.h"

namespace labels::drover {

void readConstraint(Reading& reading);
void readSoftConstraint(Reading& reading);
void readAffinity(Reading& reading);
void readSoftAffinity(Reading& reading);
void readNode(Reading& reading);
void readWhitelist(Reading& reading);
void readStrategy(Reading& reading);
void readSpreadBy(Reading& reading);
void readMaxPerNode(Reading& reading);
void readReserve(Reading& reading);
void readBind(Reading& reading);
void readSidekicks(Reading& reading);
void readGlobal(Reading& reading);
void readReschedule(Reading& reading);
void readRebalance(Reading& reading);
void readExplain(Reading& reading);

}  // namespace labels::drover
