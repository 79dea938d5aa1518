#pragma once

// Where a container goes. A pure function of what is asked, what is known, and what the caller
// says: every node that knows the same comes to the same answer.
//
// Filters (filters.h) leave the nodes on which it can run. Of these the strategy (score.h) says
// which is best. The caller tries the candidates in order, since the engine has the last word.

#include "labels/policy.h"
#include "scheduler/score.h"
#include "scheduler/world.h"

#include <string>
#include <string_view>
#include <vector>

namespace scheduler {

struct Options {
  std::string here = {};  // where bind mounts are: mostly the node that was asked
  std::string name = {};  // the container's; it also breaks ties
  labels::Strategy strategy = labels::Strategy::spread;  // unless the policy says
  double overcommit = 0.05;                              // unless the node's labels say
  bool networksSpan = false;  // else a container goes where its user-defined networks are
  uint64_t seed = 0;          // for the strategy random
  std::vector<std::string> imagePlatforms = {};  // what the image is there for; empty: not known
  size_t maxCandidates = 8;                      // that are told; 0: all
  bool explain = false;                          // also say why nodes were left out
  // What an engine checks by itself (filters.h) is left to it.
  bool leaveToEngine = false;
};

struct Candidate {
  std::string id;
  std::string name;
  Score score;
  std::string reason;          // in words
  std::string publishAddress;  // on which its ports are to be published; empty: as the request says
};

struct Rejection {
  std::string id;
  std::string name;
  std::string_view filter;
  std::string message;  // one line
};

struct Placement {
  std::vector<Candidate> candidates;  // best first
  // By the nodes' names; filled in if there is no candidate, or to explain.
  std::vector<Rejection> rejected;
  // If there is no candidate: a line that sums up, and a line for each node.
  std::string why;
  // A container that the request depends on and that is nowhere.
  std::string missing;
  // If there is no candidate: whether each engine that could be asked would refuse the request by
  // itself, so that what one of them says is the answer. To be placed again with leaveToEngine.
  bool isForEngine = false;
};

Placement place(const labels::Policy& policy, const World& world, const Options& options);

}  // namespace scheduler
