#pragma once

// Where what a container depends on is by the word of the engines: a client may use what it was
// told of a moment ago, by way of another node, and what was made behind our back.

#include <deque>
#include <exception>
#include <string>
#include <vector>

#include "base/loop.h"
#include "base/task.h"
#include "labels/policy.h"
#include "proxy/create_claims.h"
#include "proxy/locator.h"
#include "proxy/placements.h"
#include "proxy/volume_claims.h"

namespace proxy {

class Dependencies {
 public:
  // All must outlive it.
  Dependencies(base::Loop& loop, Locator& locator, Placements& placements, VolumeClaims& volumes)
      : loop_(loop), locator_(locator), placements_(placements), volumes_(volumes) {}

  // Tells placement. A volume that nobody has is made where the container goes: its name is
  // claimed, unless `claims` is nullptr. Of what else nobody has, the engine tells.
  base::Task<Refusal> learn(const labels::Policy& policy, CreateClaims* claims);

 private:
  // What is asked about in a row, by several at once.
  struct Round {
    std::deque<std::string> left;
    Refusal refusal;
    std::exception_ptr fault;
  };
  using Ask = base::Task<Refusal> (Dependencies::*)(const std::string&);

  base::Task<Refusal> askAbout(const std::vector<std::string>& objects, Ask ask);
  base::Task<> work(Round& round, Ask ask);
  base::Task<Refusal> learnContainer(const std::string& container);
  base::Task<Refusal> learnNetwork(const std::string& network);
  base::Task<Refusal> learnVolume(const std::string& volume, CreateClaims* claims);
  base::Task<Refusal> lookUp(Kind kind, const std::string& object);

  base::Loop& loop_;
  Locator& locator_;
  Placements& placements_;
  VolumeClaims& volumes_;
};

}  // namespace proxy
