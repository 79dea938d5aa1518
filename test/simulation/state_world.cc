#include "test/simulation/state_world.h"

#include <algorithm>

namespace simulation {
namespace {

using cluster::ClaimResult;

// From the last write until all must agree.
constexpr Time agreeWithin{30'000};
constexpr Time keepFor = cluster::ClaimOptions().keepFor;

}  // namespace

void StateWorld::schedule(Time from, Time until) {
  for (Time time = from; time < until - agreeWithin; time += Time(1 + network_.draw(400))) {
    network_.at(time, [this] { act(); });
  }
}

// Some hosts come back from a backup and use versions again that they had used before.
Node::Past StateWorld::past(size_t place) {
  Place& here = places_[place];
  here.isRestored = here.lives > 0 && network_.draw(8) == 0;
  if (here.isRestored) backups_++;
  uint64_t start = here.isRestored ? here.highest / 2 : here.highest;
  return {start, here.lives > 0};
}

void StateWorld::started(size_t place, Node& node) {
  Place& here = places_[place];
  here.node = &node;
  here.id = node.membership().self().id;
  here.before = std::move(here.truth);
  here.truth.clear();
  uint32_t life = ++here.lives;
  network_.act(place, [&] {
    put(here, "node", "life " + std::to_string(life), false);
    // Some of what was there before is still there.
    for (const auto& [key, value] : here.before) {
      if (network_.draw(3) > 0) put(here, key, value, false);
    }
  });
  network_.at(network_.now() + Time(network_.draw(3'000)),
              [this, place, life] { finishReload(place, life); });
}

void StateWorld::finishReload(size_t place, uint32_t life) {
  Place& here = places_[place];
  if (!here.node || here.lives != life) return;
  network_.act(place, [&] { here.node->state().finishReload(network_.now()); });
}

void StateWorld::stopped(size_t place) {
  Place& here = places_[place];
  if (here.node) here.highest = std::max(here.highest, here.node->state().ownVersion());
  here.node = nullptr;
}

// ---- what happens

void StateWorld::act() {
  size_t place = network_.draw(places_.size());
  if (!places_[place].node) return;
  if (network_.draw(3) == 0) return claim(place);
  network_.act(place, [&] { write(place); });
}

void StateWorld::write(size_t place) {
  Place& here = places_[place];
  writes_++;
  std::string key = "container/" + std::to_string(network_.draw(8));
  if (network_.draw(3) == 0) {
    here.truth.erase(key);
    here.node->state().erase(network_.now(), key);
    return;
  }
  // Now and then one that fits no packet, or that must not go into one.
  size_t size = network_.draw(10) == 0 ? 3'000 : 30;
  std::string value = std::to_string(network_.random()()) + std::string(size, 'x');
  put(here, key, value, network_.draw(10) == 0);
}

void StateWorld::put(Place& place, const std::string& key, const std::string& value,
                     bool confidential) {
  place.truth[key] = value;
  place.node->state().put(network_.now(), key, value, confidential);
}

void StateWorld::claim(size_t place) {
  Place& here = places_[place];
  claims_++;
  std::string key = "name/" + std::to_string(network_.draw(4));
  // Names compare in random order.
  std::string holder = std::to_string(network_.random()());
  Time asked = network_.now();
  Node* node = here.node;
  network_.act(place, [&] {
    node->claims().claim(asked, key, holder,
                         [this, node, place, key, holder, asked](const ClaimResult& result) {
                           if (result.verdict != ClaimResult::Verdict::granted) return;
                           granted(key, {holder, node->claims().responsible(key), asked + keepFor});
                           if (network_.draw(2) == 0) return;
                           network_.at(network_.now() + Time(1 + network_.draw(3'000)),
                                       [this, place, node, key, holder] {
                                         if (places_[place].node == node)
                                           release(place, key, holder);
                                       });
                         });
  });
}

void StateWorld::release(size_t place, const std::string& key, const std::string& holder) {
  std::erase_if(grants_[key], [&](const Grant& grant) { return grant.holder == holder; });
  network_.act(place, [&] { places_[place].node->claims().release(network_.now(), key, holder); });
}

// Those who see different members responsible, since a cut kept from them who had joined or left,
// may both be granted it; nobody can prevent that but by refusing to let members join or leave.
void StateWorld::granted(const std::string& key, Grant grant) {
  won_++;
  std::vector<Grant>& others = grants_[key];
  std::erase_if(others, [&](const Grant& other) { return other.until <= network_.now(); });
  for (const Grant& other : others) {
    if (other.responsible == grant.responsible)
      doubles_.push_back(key + " was granted to " + grant.holder + " at " +
                         std::to_string(network_.now().count()) + " while " + other.holder +
                         " had it");
  }
  others.push_back(std::move(grant));
}

// ---- what must hold

void StateWorld::check(std::vector<std::string>& problems) const {
  problems.insert(problems.end(), doubles_.begin(), doubles_.end());
  const Place* first = nullptr;
  for (size_t viewer = 0; viewer < places_.size(); viewer++) {
    if (!places_[viewer].node) continue;
    if (!first) first = &places_[viewer];
    cluster::State& state = places_[viewer].node->state();
    std::string host = "host-" + std::to_string(viewer);
    if (state.hash() != first->node->state().hash())
      problems.push_back(host + " has other records than the first one that runs");
    for (size_t owner = 0; owner < places_.size(); owner++) {
      if (!places_[owner].node) continue;
      Records seen;
      state.eachOf(
          places_[owner].id, "",
          [&](const std::string& key, const cluster::Record& record) { seen[key] = record.value; });
      if (seen != places_[owner].truth)
        problems.push_back(host + " has " + std::to_string(seen.size()) + " records of host-" +
                           std::to_string(owner) + " which are not its " +
                           std::to_string(places_[owner].truth.size()));
    }
  }
}

std::string StateWorld::summary() const {
  return std::to_string(writes_) + " writes, " + std::to_string(backups_) + " backups restored, " +
         std::to_string(won_) + " of " + std::to_string(claims_) + " claims granted";
}

}  // namespace simulation
