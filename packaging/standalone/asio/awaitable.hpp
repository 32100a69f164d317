// Standalone Asio's header of this name, and then what <tasks/asio.hpp> can say only when that has been seen.
// tasks_instrument() puts this directory in front of a target's include path.
#pragma GCC system_header // for include_next
#include_next <asio/awaitable.hpp>
#include <tasks/asio.hpp>
