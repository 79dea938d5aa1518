#pragma once

// How a node is called, be it ourselves: by our engine, or by the droverd of that node. What
// changes our own engine our list of containers knows of before the caller does.
//
// Every call ends in a value: the node's answer, or why there is none and whether it may have been
// done all the same. Whoever passes on what a client asked for throws that fault again, for the
// client's connection to tell.

#include <exception>
#include <string>

#include "base/http_client.h"
#include "base/status.h"
#include "base/task.h"
#include "cluster/causality.h"
#include "cluster/nodes.h"
#include "docker/effect.h"
#include "docker/local_engine.h"

namespace catalog {

// Bytes of an answer about one object, or of a list that a few objects fit into; an inspection has
// some ten thousand. More is no answer, but a fault.
inline constexpr size_t maxAnswer = 4 * 1024 * 1024;

// A look at one object that a client waits for: as long as it takes to know that a node is silent
// (docs/design/silence.md).
inline constexpr base::milliseconds lookupTimeout(2'000);
// What a node's part of a list, or of another sum, is waited for. Those that are silent are known
// to be after 2 s; this is for one that is merely slow, so that with all that comes before and
// after it no call takes more than 5 s.
inline constexpr base::milliseconds listTimeout(4'500);
// A question of our own, which no client waits for. The engine inspects under the container's lock,
// which a start holds as long as its log driver waits.
inline constexpr base::milliseconds askTimeout(10'000);
// Drivers of networks, volumes and logs may have to ask elsewhere, and to free a disk takes its
// time.
inline constexpr base::milliseconds changeTimeout(120'000);
// The container's own stop timeout ends a stop before.
inline constexpr base::milliseconds stopTimeout(3600 * 1000);

// What came of a call to one node.
struct NodeReply {
  cluster::Node node;
  int status = 0;  // 0: it did not answer
  std::string head;
  std::string body;
  std::string fault;  // why it did not answer

  // It is as was asked, by this call or before it.
  bool done = false;
  // The node has heard nothing of the call.
  bool unreachable = false;
  // The same as `fault`, to throw again; null if it answered, or was not asked.
  std::exception_ptr thrown;

  // It may have been done, or be done yet, though no answer says so: it was broken off after it had
  // been sent, here or (503) between that node and its engine.
  bool outcomeUnknown() const { return status == 503 || (status == 0 && thrown && !unreachable); }
  // Why it was not done, in the words of who says so.
  std::string why() const;
  base::Status outcome() const { return done ? base::Status() : base::Status::failed(why()); }
  void throwFault() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

// The client of this node's API: our engine, or its droverd. For answers that are streams.
base::HttpClient& clientFor(docker::Engine& engine, const cluster::Node& node);

// Awaits the answer of reply.node and notes what came of it, done if it is 2xx or 304.
base::Task<> receive(NodeReply& reply, base::Task<base::HttpReply> answer);

// What droverds ask of each other: POST of JSON to one of another node's /drover/v1 endpoints.
// Never sent twice. It carries what we have seen: the other node goes by records.
base::Task<NodeReply> postToPeer(const cluster::Causality& causality, cluster::Node peer,
                                 std::string target, std::string body,
                                 base::milliseconds timeout = changeTimeout);

// A change with a body of JSON, or none; never sent twice.
base::HttpCall changeCall(std::string method, std::string target, std::string body = {},
                          base::milliseconds timeout = changeTimeout);

// A value: copies are the same client. Nothing is thrown but what comes of being cancelled.
class NodeClient {
 public:
  // `local` must outlive it and every call.
  explicit NodeClient(docker::LocalEngine& local) : local_(&local) {}

  // Ourselves, for what is only ever asked of our own engine; without id and name.
  static cluster::Node here() {
    cluster::Node node;
    node.self = true;
    return node;
  }
  docker::Engine& engine() const { return local_->engine(); }
  base::HttpClient& clientFor(const cluster::Node& node) const {
    return catalog::clientFor(engine(), node);
  }

  // Any call that changes nothing of which our lists tell.
  base::Task<NodeReply> call(cluster::Node node, base::HttpCall call) const;
  // Any other. `object` is what it is about, as its path has it; empty if nothing is.
  base::Task<NodeReply> change(cluster::Node node, base::HttpCall call, docker::Effect effect,
                               std::string object) const;

  base::Task<NodeReply> get(cluster::Node node, std::string target,
                            base::milliseconds timeout = askTimeout) const;

  // ---- of one container, by its id or a name: any text, as records and clients have it

  base::Task<NodeReply> inspect(cluster::Node node, std::string container,
                                base::milliseconds timeout = askTimeout) const;
  // Done also if it runs already.
  base::Task<NodeReply> start(cluster::Node node, std::string container) const;
  // Takes as long as the container's own stop timeout allows. Done also if it does not run.
  base::Task<NodeReply> stop(cluster::Node node, std::string container) const;
  // Though it runs, and without its volumes. Done also if there is none; 409 if it is just being
  // removed.
  base::Task<NodeReply> remove(cluster::Node node, std::string container) const;
  base::Task<NodeReply> rename(cluster::Node node, std::string container, std::string name) const;

 private:
  docker::LocalEngine* local_;
};

}  // namespace catalog
