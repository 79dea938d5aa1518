#pragma once

// Records of the volumes that an engine has: volume/<name>. The value is what the engine's list
// says of it, without what only its own node needs:
//
//   {"CreatedAt":"2026-01-02T...","Driver":"local","Scope":"local","Labels":{...}}
//
// Options are left out, since those of a network file system hold its password. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "catalog/record_kind.h"
#include "catalog/record_text.h"
#include "docker/object_kind.h"

namespace catalog {

// Of the engine's GET /volumes. Nothing if that is no such list.
std::optional<Records> volumeRecords(std::string_view list);

struct VolumeFacts {
  std::string driver;  // empty: the record does not say
};
// Nothing for what is too large for a record of a volume.
std::optional<VolumeFacts> volumeFacts(std::string_view record);
inline constexpr RecordKind<VolumeFacts> volumeKind{docker::recordsOf(docker::ObjectKind::volume),
                                                    decodeNamed<VolumeFacts, volumeFacts>};

// The element of GET /volumes that a record of an unreachable node stands for. Its Status, which
// drivers use for such things, says so.
std::string listedVolume(std::string_view name, std::string_view record);

}  // namespace catalog
