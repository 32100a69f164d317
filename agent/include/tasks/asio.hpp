// Asio's coroutines and operations as tasks, with no change of the program's source: for Boost.Asio and for standalone
// Asio. CMake's tasks_instrument(target) puts this header in front of each C++ source of a target; it may be included
// by hand instead, before any header of Asio's. What is seen and what is not, and what it costs: tasks-adapters(7).
//
//     find_package(Tasks REQUIRED)
//     target_link_libraries(server PRIVATE Tasks::agent)
//     tasks_instrument(server)
//
// Includes nothing of Asio's, and changes no type's size: units with and without it may be linked into one program.
// That is why it takes the place of Asio's detail/handler_tracking.hpp instead of defining
// BOOST_ASIO_CUSTOM_HANDLER_TRACKING, by which use_awaitable_t gets three members more. A program that defines one of
// Asio's own tracking macros keeps its tracking, and has coroutines registered but no other operations.
#if !defined(TASKS_ASIO_HPP)
#define TASKS_ASIO_HPP

#include <tasks/asio_tracking.hpp>

#if defined(__cpp_impl_coroutine) && defined(__cpp_concepts)

#include <tasks/asio_coroutine.hpp>

namespace boost::asio {
template <typename, typename> class awaitable;
template <typename> struct use_awaitable_t;
namespace detail {
template <typename, typename> class awaitable_frame;
struct awaitable_thread_entry_point;
} // namespace detail
} // namespace boost::asio

TASKS_ASIO_COROUTINES(boost::asio)

#endif
#endif

// Standalone Asio's namespace may be an alias of Boost.Asio's in a program that does not use it, and cannot be declared
// before its headers are seen: so this part waits until then.
#if defined(ASIO_AWAITABLE_HPP) && !defined(TASKS_ASIO_STANDALONE) && defined(__cpp_impl_coroutine) &&                 \
    defined(__cpp_concepts)
#define TASKS_ASIO_STANDALONE

TASKS_ASIO_COROUTINES(asio)

#endif
