// drover-simulation: runs clusters under scenarios drawn from seeds and checks what must hold
// after. Exits with 1 if a seed failed; prints for each what is wrong and the command that replays
// it.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "test/simulation/detection.h"
#include "test/simulation/world.h"

namespace {

constexpr size_t problemsShown = 10;

struct Wishes {
  uint64_t from = 1;
  uint64_t to = 20;
  size_t members = 0;
  bool isVerbose = false;
  bool isDetection = false;
};

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  if (text.empty() || text.size() > 18) return std::nullopt;
  for (char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(digit - '0');
  }
  return value;
}

bool readSeeds(std::string_view text, Wishes& wishes) {
  size_t dots = text.find("..");
  auto from = number(text.substr(0, dots));
  auto to = dots == text.npos ? from : number(text.substr(dots + 2));
  if (!from || !to || *from > *to) return false;
  wishes.from = *from;
  wishes.to = *to;
  return true;
}

std::optional<Wishes> readArguments(const std::vector<std::string_view>& arguments) {
  Wishes wishes;
  for (size_t i = 0; i < arguments.size(); i++) {
    std::string_view name = arguments[i];
    std::string_view value = i + 1 < arguments.size() ? arguments[i + 1] : "";
    if (name == "--verbose") {
      wishes.isVerbose = true;
    } else if (name == "--detection") {
      wishes.isDetection = true;
    } else if (name == "--seeds" || name == "--seed") {
      if (!readSeeds(value, wishes)) return std::nullopt;
      i++;
    } else if (name == "--members") {
      auto members = number(value);
      if (!members || *members < 2 || *members > 10'000) return std::nullopt;
      wishes.members = *members;
      i++;
    } else {
      return std::nullopt;
    }
  }
  return wishes;
}

std::vector<std::string> runWorld(simulation::World& world) {
  try {
    world.run();
    return world.problems();
  } catch (const std::exception& error) {
    return {std::string("the run ended early: ") + error.what()};
  }
}

bool runSeed(uint64_t seed, const Wishes& wishes) {
  simulation::World world(seed, wishes.members);
  std::vector<std::string> problems = runWorld(world);
  if (wishes.isVerbose) {
    const simulation::VirtualNetwork& network = world.network();
    std::printf("seed %llu: %s; %llu events, %llu datagrams, %llu streams; order %016llx\n",
                static_cast<unsigned long long>(seed), world.summary().c_str(),
                static_cast<unsigned long long>(network.events()),
                static_cast<unsigned long long>(network.datagrams()),
                static_cast<unsigned long long>(network.streams()),
                static_cast<unsigned long long>(network.orderHash()));
  }
  if (problems.empty()) return true;

  std::printf("seed %llu failed: %s\n", static_cast<unsigned long long>(seed),
              world.summary().c_str());
  for (size_t i = 0; i < problems.size() && i < problemsShown; i++) {
    std::printf("  %s\n", problems[i].c_str());
  }
  if (problems.size() > problemsShown) {
    std::printf("  and %zu more\n", problems.size() - problemsShown);
  }
  std::string members =
      wishes.members > 0 ? " --members " + std::to_string(wishes.members) : std::string();
  std::printf("replay: drover-simulation --seed %llu%s --verbose\n",
              static_cast<unsigned long long>(seed), members.c_str());
  std::fflush(stdout);
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  auto wishes = readArguments({arguments + 1, arguments + count});
  if (!wishes) {
    std::fprintf(
        stderr,
        "usage: drover-simulation [--seeds FROM..TO | --seed N] [--members N] [--verbose]\n"
        "       drover-simulation --detection [--seeds FROM..TO]\n"
        "The first checks the cluster's invariants; the second prints how long it takes\n"
        "until all members know of one that was killed.\n");
    return 2;
  }
  if (wishes->isDetection) {
    simulation::printDetection(wishes->from, wishes->to);
    return 0;
  }
  uint64_t failed = 0;
  for (uint64_t seed = wishes->from; seed <= wishes->to; seed++) {
    if (!runSeed(seed, *wishes)) failed++;
  }
  std::printf("%llu seeds, %llu failed\n",
              static_cast<unsigned long long>(wishes->to - wishes->from + 1),
              static_cast<unsigned long long>(failed));
  return failed > 0 ? 1 : 0;
}
