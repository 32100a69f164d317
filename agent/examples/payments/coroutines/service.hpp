// The service as coroutines of one thread: serves until SIGTERM or SIGINT, an hour at the most.
#pragma once

#include <string_view>
#include <vector>

#include "options.hpp"

namespace coroutines {

/// The exit status.
int serve(const Options& options);

/// The causes that it knows, besides those that threads have.
std::vector<std::string_view> cause_names();

} // namespace coroutines
