// What this node has seen of records, and how it waits for what others have seen.

#include "cluster/agent/agent.h"
#include "cluster/agent/running.h"
#include "cluster/state/seen.h"

namespace cluster {
namespace {

// What is older everyone has heard of: news takes some tenths of a second, also among hundreds of
// nodes, and versions are compared each second.
constexpr Time toldFor{2'000};

}  // namespace

std::string Agent::seen() const {
  if (!running_) return {};
  Versions seen;
  for (const NodeId& owner : running_->lately.since(running_->now() - toldFor))
    seen[owner] = running_->state.known(owner);
  return encodeSeen(seen);
}

std::string Agent::published() const {
  if (!running_) return {};
  return encodeSeen({{running_->self, running_->state.ownVersion()}});
}

base::Task<bool> Agent::catchUp(NodeId from, std::string seen) {
  std::optional<Versions> versions = decodeSeen(seen);
  if (!versions || !running_) co_return false;
  if (running_->state.covers(*versions)) co_return true;
  running_->state.pullFrom(running_->now(), from);
  running_->runDeferred();
  std::function<bool()> isKnown = [this, &versions] {
    return running_ && running_->state.covers(*versions);
  };
  bool caughtUp = co_await untilRecords(std::move(isKnown), catchUpLimit);
  co_return caughtUp;
}

base::Task<bool> Agent::untilRecords(std::function<bool()> holds, base::milliseconds limit) {
  bool isOver = false;
  base::Timer deadline(loop_);
  deadline.start(limit, [this, &isOver] {
    isOver = true;
    recordsMoved_.fire();
  });
  bool isSo = holds();
  while (!isSo && !isOver) {
    co_await recordsMoved_.wait();
    co_await loop_.nextTurn();  // out of the automata, which tell us from within
    isSo = holds();
  }
  co_return isSo;
}

}  // namespace cluster
