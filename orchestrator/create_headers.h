#pragma once

// Headers by which nodes hand the creation of a container to each other. Clients do not set them.

#include <string_view>

namespace orchestrator {

// Of the reply of the chosen node: the container cannot be there; it names the filter.
constexpr std::string_view refusedHeader = "Drover-Refused";
// Which container the new one takes the place of, by who moves it.
constexpr std::string_view replacesHeader = "Drover-Replaces";
// Which reservation of the asking node is about the same container.
constexpr std::string_view reservationHeader = "Drover-Reservation";
// With the value 1: what the engine checks by itself is left to it.
constexpr std::string_view leaveToEngineHeader = "Drover-Leave-To-Engine";

}  // namespace orchestrator
