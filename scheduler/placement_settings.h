#pragma once

// The settings of where containers go (base/setting.h).

#include "base/setting.h"
#include "labels/policy.h"

namespace scheduler {

struct PlacementSettings {
  labels::Strategy placementStrategy = labels::Strategy::spread;
  int overcommitPercent = 5;

  bool operator==(const PlacementSettings&) const = default;

  template <class Visit>
  static void fields(Visit&& visit) {
    visit(
        base::SettingKey{
            .name = "placement_strategy",
            .help = "How to choose a node for a container whose labels do not say: spread takes "
                    "the one with the most room, binpack the fullest on which it fits, random any. "
                    "Must be the same on every node."},
        &PlacementSettings::placementStrategy);
    visit(
        base::SettingKey{
            .name = "overcommit_percent",
            .help = "How many percent more processors and memory than a node has its containers "
                    "may reserve, unless its label io.drover.overcommit says otherwise. Must be "
                    "the same on every node.",
            .max = 1000},
        &PlacementSettings::overcommitPercent);
  }
};

}  // namespace scheduler
