#pragma once

// Keeps the records of what our engine holds beside containers true: reads the engine's lists when
// its events say that something changed, and now and then whatever they say, and publishes what is
// new. However large a list is, reading it takes the engine a small part of its time.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "base/task.h"
#include "catalog/record_feed.h"
#include "catalog/tag_index.h"
#include "cluster/nodes.h"
#include "cluster/records.h"
#include "docker/engine.h"
#include "docker/object_kind.h"

namespace catalog {

class ObjectPublisher {
 public:
  // All must outlive it. `isFetched` tells whether our engine got an image (id) under a name from
  // another node, so that it is no news to others; asked once for each. `complete` is called when
  // all kinds were published since start(), or the engine did not list one of them: what it does
  // not tell does not hold up the rest.
  ObjectPublisher(base::Loop& loop, docker::Engine& engine, const cluster::Nodes& nodes,
                  cluster::Records& records, const TagIndex& tags, base::Log& log,
                  IsFetched isFetched, std::function<void()> complete);
  ~ObjectPublisher();

  // While we are in a cluster.
  void start();
  void stop();
  // Whether it was called since start().
  bool complete() const;
  // Whether the engine has listed all kinds since start().
  bool known() const;

  // Whether all that we know to have changed is published.
  bool settled() const;
  // A list was read, and published if that could be done.
  base::Event& listRead() { return listRead_; }

  // Something about this kind may have changed.
  void changed(docker::ObjectKind kind);
  // Events may have been lost.
  void allChanged();
  // Repeats from now on what other nodes tell of tags that our engine has. The feed must be closed
  // before this goes; `tags` must follow it already.
  void follow(RecordFeed& feed);

 private:
  struct Kept;
  void told(const std::string& tag);
  void readSoon(Kept& kept, base::milliseconds delay);
  base::Task<> read(Kept& kept);
  base::Task<bool> publish(Kept& kept);
  base::Task<> tellTags(Records images, std::function<bool()> goesOn);

  base::Loop& loop_;
  docker::Engine& engine_;
  const cluster::Nodes& nodes_;
  cluster::Records& ours_;
  base::Log& log_;
  const TagIndex& tags_;
  IsFetched isFetched_;
  std::function<void()> complete_;
  std::optional<Tags> ourTags_;  // of our engine, as last read since start()
  bool started_ = false;
  uint64_t starts_ = 0;  // how often it was
  std::vector<std::unique_ptr<Kept>> kept_;
  base::Event listRead_;
  base::Scope tasks_;
};

}  // namespace catalog
