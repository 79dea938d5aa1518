#pragma once

// The types that engines read bodies of requests into, as far as we look into them: for
// base::readAsGo(). Whoever looks at one more member adds it here. That of a create is
// createType (create_type.h).

#include "base/go_json.h"

namespace docker {

extern const base::GoType networkCreateType;  // POST /networks/create
extern const base::GoType networkJoinType;    // POST /networks/{id}/connect and disconnect
extern const base::GoType buildArgsType;      // the query's buildargs of POST /build
extern const base::GoType swarmInitType;      // POST /swarm/init
extern const base::GoType swarmJoinType;      // POST /swarm/join
extern const base::GoType swarmSpecType;      // POST /swarm/update
extern const base::GoType nodeSpecType;       // POST /nodes/{id}/update

}  // namespace docker
