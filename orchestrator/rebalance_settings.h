#pragma once

// The settings of moves that even the load (base/setting.h).

#include <chrono>

#include "base/setting.h"

namespace orchestrator {

struct RebalanceSettings {
  std::chrono::milliseconds rebalanceInterval = std::chrono::seconds(30);

  bool operator==(const RebalanceSettings&) const = default;

  template <class Visit>
  static void fields(Visit&& visit) {
    visit(
        base::SettingKey{
            .name = "rebalance_interval",
            .help = "How often to check whether nodes are loaded unevenly and a container with "
                    "io.drover.rebalance=true should move; 0 for never. The setting of the node "
                    "with the lowest ID counts.",
            .max = 24 * 3'600'000},
        &RebalanceSettings::rebalanceInterval);
  }
};

}  // namespace orchestrator
