#pragma once

// Records of the containers that an engine has: container/<id>. The value is the container's entry
// in its engine's list, with an empty Status, and in one more member, "Drover", what it asks of its
// host, if that is anything (reserves.h). Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/record_kind.h"
#include "catalog/resource_request.h"
#include "docker/create_request.h"

namespace catalog {

constexpr std::string_view containerRecords = "container/";
// Of containers that a node was asked for and is making; a number follows.
constexpr std::string_view pendingRecords = "pending/";

using LabelList = docker::LabelPairs;  // by key

// The label's value, nullptr if there is none. Valid as long as the list is unchanged.
const std::string* findLabel(const LabelList& labels, std::string_view key);

// What all nodes know of a container, for names, routing and placement.
struct ContainerFacts {
  std::vector<std::string> names;  // without the slash
  std::vector<std::string> links;  // the same by legacy links: "web/db" for web's alias of it
  int64_t created = 0;             // seconds since 1970
  std::string image;               // as it was asked for
  std::string imageId;
  LabelList labels;
  std::string state;     // the engine's word: created, running, exited, ...
  bool running = false;  // or paused, or about to restart
  // Ports of its host that it has while it runs, or will when it starts for the first time. One
  // that has ended has none, as for the engine.
  std::vector<HostPort> ports;
  std::vector<std::string> volumes;  // by name
  std::vector<std::string> binds;    // directories of its host
  // As long as it exists, except when it is dead: then nothing.
  ResourceRequest reserves;
};

// The record of a container that is listed so. `reserves` as encode() gives it.
std::string containerRecord(std::string_view entry, std::string_view reserves);

// The record of one that is about to be made as a create request asks (requestedFacts), under an id
// of our own: pending/<number>. `token`: of the reservation that it takes the place of, see
// scheduler.h; may be empty.
std::string pendingRecord(std::string_view id, const std::string& name, const ContainerFacts& asked,
                          const std::string& token);
std::string reservationOf(std::string_view pendingRecord);
// The id in the record of what that node has pending: pending/<owner>/<number>. `number` follows
// the prefix in the record's key.
std::string pendingId(const cluster::NodeId& owner, std::string_view number);

struct PendingFacts {
  ContainerFacts container;
  std::string reservation;  // its token; may be empty
};

// Nothing for what is no record of this container.
std::optional<ContainerFacts> containerFacts(std::string_view id, std::string_view record);

inline constexpr RecordKind<ContainerFacts> containerKind{
    containerRecords, [](const cluster::NodeId&, std::string_view id, std::string_view record) {
      return containerFacts(id, record);
    }};
// Nothing for what is no record of a pending container of this owner.
std::optional<PendingFacts> pendingFacts(const cluster::NodeId& owner, std::string_view number,
                                         std::string_view record);
inline constexpr RecordKind<PendingFacts> pendingKind{pendingRecords, pendingFacts};

// What a create request tells of the container that it makes, before there is a record.
ContainerFacts requestedFacts(const docker::CreateRequest& request);

// The entry of the list that a record stands for.
std::string listedContainer(std::string_view record);

}  // namespace catalog
