#pragma once

// Creating a container in a cluster: decode what its labels ask for, choose a node, claim the name,
// have the image there, create; on the chosen node, see that it can be there and reserve what it
// needs.

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/log.h"
#include "base/task.h"
#include "cluster/agent.h"
#include "proxy/client.h"
#include "proxy/container_index.h"
#include "proxy/create_claims.h"
#include "proxy/create_order.h"
#include "proxy/dependencies.h"
#include "proxy/engine.h"
#include "proxy/heads.h"
#include "proxy/image_digests.h"
#include "proxy/image_transfer.h"
#include "proxy/local_api.h"
#include "proxy/locator.h"
#include "proxy/name_claims.h"
#include "proxy/placements.h"
#include "proxy/routes.h"
#include "proxy/volume_claims.h"
#include "proxy/volume_move.h"

namespace proxy {

class ContainerCreate {
 public:
  // All must outlive it. Bodies of requests may have `bodyMost` bytes.
  ContainerCreate(base::Loop& loop, Engine& engine, LocalApi& local, cluster::Agent& agent,
                  Locator& locator, ContainerIndex& index, Placements& placements,
                  NameClaims& names, VolumeClaims& volumes, VolumeMove& volumeMove,
                  ImageTransfer& images, base::Log& log, size_t bodyMost);

  // POST /containers/create
  base::Task<> create(Client& client, RouteMatch match);
  // The same by a node that has placed it here. Refused, with a header that names the filter, if
  // it cannot be here after all; the other node then tries the next candidate.
  base::Task<> createHere(Client& client, RouteMatch match);
  // POST /drover/placement, with a create request as its body: where the container would go and
  // why, and why it would not go elsewhere. Nothing is created.
  base::Task<> explain(Client& client, RouteMatch match);
  // What no client asks for just now: a container on `node`, with this name, as one that was placed
  // there. Its image is sent by a node that has it, or else pulled.
  struct Ours {
    std::string id;
    std::string why;  // it could not be made; then there is no id
  };
  base::Task<Ours> makeOurs(labels::Policy policy, std::string body, std::string name,
                            cluster::Node node);
  // POST /images/create: where the next create of this image will be, if one has just failed for
  // want of it.
  std::optional<cluster::Node> nodeForPull(std::string_view query);

 private:
  // What came of trying a node.
  struct Made {
    std::string refusedBy;  // the node's filter; the reply's body then says why
    base::HttpReply reply;

    void refuse(std::string_view by, const std::string& why) {
      refusedBy = by;
      reply.body = errorBody(why);
    }
    // Of the container that was made.
    std::string id() const;
  };

  // Where a container can go.
  struct Choice {
    std::set<std::string> staying;  // volumes that are known to stay where they are
    labels::Placement placement;
    std::vector<std::string> following;  // volumes that have to go there first
  };

  void choose(const CreateOrder& order, bool explain, Choice& choice);
  base::Task<bool> createOnOne(Client& client, Choice& choice, const CreateOrder& order,
                               CreateClaims& claimed, Refusal& refused);
  base::Task<Made> makeOn(const cluster::Node& node, const CreateOrder& order,
                          const Placements::Reservation& reservation, CreateClaims& claimed);
  base::Task<Made> tryOn(const cluster::Node& node, const CreateOrder& order,
                         const Placements::Reservation& reservation, CreateClaims& claimed);
  base::Task<Made> makeHere(const CreateOrder& order);
  base::Task<base::HttpReply> createHere(const CreateOrder& order, std::string body);
  base::Task<std::string> engineBody(const CreateOrder& order, std::string publishAddress);
  void stands(const cluster::Node& node, const CreateOrder& order, const std::string& id,
              Placements::Reservation& reservation, CreateClaims& claimed);
  Placements::Reservation reserveOn(const cluster::Node& node, const CreateOrder& order);
  base::Task<CreateOrder> read(Client& client, RouteMatch match);
  base::Task<> refuse(Client& client, Refusal refusal);
  void takeOwnOfUnit(CreateOrder& order);
  void preferWanted(const std::string& image, std::vector<labels::Candidate>& candidates);
  std::optional<cluster::Node> nodeOf(const std::string& id) const;
  // Whether it was brought, and if not, why those who have it cannot be asked, if that is so.
  struct Brought {
    bool done = false;
    std::string fault = {};
  };
  base::Task<bool> hasImage(std::string image, cluster::Node node);
  base::Task<Brought> bringImage(std::string image, cluster::Node to);
  base::Task<std::string> fetchOrPull(std::string image, cluster::Node to);

  base::Loop& loop_;
  Engine& engine_;
  LocalApi& local_;
  cluster::Agent& agent_;
  Locator& locator_;
  ContainerIndex& index_;
  Placements& placements_;
  NameClaims& names_;
  VolumeClaims& volumes_;
  VolumeMove& volumeMove_;
  Dependencies dependencies_;
  ImageTransfer& images_;
  ImageDigests digests_;
  base::Log& log_;
  size_t bodyMost_;
  struct Wanted {
    cluster::NodeId node;
    uint64_t until = 0;
  };
  std::map<std::string, Wanted> wanted_;  // by image, where a create failed for want of it
};

}  // namespace proxy
