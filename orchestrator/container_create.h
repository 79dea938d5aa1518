#pragma once

// Creating a container in a cluster: decode what its labels ask for, choose a node, claim the name,
// have the image there, create; on the chosen node, see that it can be there and reserve what it
// needs.

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/log.h"
#include "base/status.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/locator.h"
#include "cluster/causality.h"
#include "cluster/nodes.h"
#include "docker/create_request.h"
#include "docker/engine.h"
#include "docker/heads.h"
#include "docker/local_engine.h"
#include "docker/refusal.h"
#include "orchestrator/catch_up.h"
#include "orchestrator/create_claims.h"
#include "orchestrator/create_order.h"
#include "orchestrator/dependencies.h"
#include "orchestrator/image_digests.h"
#include "orchestrator/image_transfer.h"
#include "orchestrator/name_claims.h"
#include "orchestrator/volume_claims.h"
#include "orchestrator/volume_move.h"
#include "scheduler/scheduler.h"

namespace orchestrator {

class ContainerCreate {
 public:
  // All must outlive it.
  ContainerCreate(base::Loop& loop, docker::Engine& engine, docker::LocalEngine& local,
                  const cluster::Nodes& nodes, cluster::Causality& causality,
                  catalog::Locator& locator, catalog::ContainerIndex& index,
                  scheduler::Scheduler& scheduler, NameClaims& names, VolumeClaims& volumes,
                  VolumeMove& volumeMove, CatchUp& catchUp, ImageTransfer& images, base::Log& log);

  // On the best node. `upstream` is the name of the server that was asked last, for messages; it
  // must outlive the task, and is right also if that throws since the server breaks off.
  struct Created {
    docker::Refusal refusal;  // no engine was asked, or none could be
    base::HttpReply reply;
  };
  base::Task<Created> create(CreateOrder order, std::string& upstream);
  // What came of trying a node.
  struct CreateAttempt {
    std::string refusedBy;  // the node's filter; the reply's body then says why
    base::HttpReply reply;

    void refuse(std::string_view by, const std::string& why) {
      refusedBy = by;
      reply.body = docker::errorBody(why);
    }
    // Of the container that was made.
    std::string id() const;
  };
  // By our own engine, which another node has chosen, or we have, if the container can be here.
  base::Task<CreateAttempt> createLocally(const CreateOrder& order);
  // Where the container would go and why, and why it would not go elsewhere. Nothing is created.
  struct Explained {
    docker::Refusal refusal;
    scheduler::Placement placement;
  };
  base::Task<Explained> explain(CreateOrder order);
  // What no client asks for just now: a container on `node`, with this name, as one that was placed
  // there. Its image is sent by a node that has it, or else pulled. Its id.
  base::Task<base::Result<std::string>> createInternal(labels::Policy policy,
                                                       docker::CreateRequest request,
                                                       std::string name, cluster::Node node);
  // POST /images/create: where the next create of this image will be, if one has just failed for
  // want of it.
  std::optional<cluster::Node> nodeForPull(std::string_view query);

 private:
  // Where a container can go.
  struct Choice {
    std::set<std::string> staying;  // volumes that are known to stay where they are
    scheduler::Placement placement;
    std::vector<std::string> following;  // volumes that have to go there first
  };

  void choose(const CreateOrder& order, bool explain, Choice& choice);
  base::Task<bool> createOnOne(std::string& upstream, Choice& choice, const CreateOrder& order,
                               CreateClaims& claimed, docker::Refusal& refused,
                               base::HttpReply& reply);
  base::Task<CreateAttempt> createOn(const cluster::Node& node, const CreateOrder& order,
                                     const scheduler::Scheduler::Reservation& reservation,
                                     CreateClaims& claimed);
  base::Task<CreateAttempt> attemptOn(const cluster::Node& node, const CreateOrder& order,
                                      const scheduler::Scheduler::Reservation& reservation,
                                      CreateClaims& claimed);
  base::Task<EngineRequest> engineRequest(const CreateOrder& order, std::string publishAddress);
  base::Task<base::HttpReply> createHere(const CreateOrder& order, std::string publishAddress);
  void commit(const cluster::Node& node, const CreateOrder& order, const std::string& id,
              scheduler::Scheduler::Reservation& reservation, CreateClaims& claimed);
  scheduler::Scheduler::Reservation reserveOn(const cluster::Node& node, const CreateOrder& order);
  void takeOwnOfUnit(CreateOrder& order);
  void preferWanted(const std::string& image, std::vector<scheduler::Candidate>& candidates);
  std::optional<cluster::Node> nodeOf(const std::string& id) const;
  // Whether it was brought, and if not, why those who have it cannot be asked, if that is so.
  struct Brought {
    bool done = false;
    std::string fault = {};
  };
  base::Task<bool> hasImage(std::string image, cluster::Node node);
  base::Task<Brought> bringImage(std::string image, cluster::Node to);
  base::Task<base::Status> fetchOrPull(std::string image, cluster::Node to);

  base::Loop& loop_;
  docker::Engine& engine_;
  docker::LocalEngine& local_;
  const cluster::Nodes& nodes_;
  cluster::Causality& causality_;
  catalog::Locator& locator_;
  catalog::ContainerIndex& index_;
  scheduler::Scheduler& scheduler_;
  NameClaims& names_;
  VolumeClaims& volumes_;
  VolumeMove& volumeMove_;
  CatchUp& catchUp_;
  Dependencies dependencies_;
  ImageTransfer& images_;
  ImageDigests digests_;
  base::Log& log_;
  struct Wanted {
    cluster::NodeId node;
    base::Time until;
  };
  std::map<std::string, Wanted> wanted_;  // by image, where a create failed for want of it
};

}  // namespace orchestrator
