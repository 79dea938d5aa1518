#pragma once

// The parameters of a call as dockerd reads them (net/http's ParseForm): those of the query, and
// before them those of a body that is a form. Who reads only the query would act on other values
// than the engine does. Pure.

#include <string>
#include <string_view>

#include "base/http.h"

namespace proxy {

// Whether the request's body may be a form to Go. In case of doubt it is.
bool isForm(const base::Head& request);

// The target with the form's parameters before those of its query.
std::string withForm(std::string_view target, std::string_view form);

}  // namespace proxy
