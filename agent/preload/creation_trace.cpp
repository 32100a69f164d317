#include "creation_trace.hpp"

#include <unwind.h>

namespace tasks::agent {
namespace {

struct Walk {
    CreationTrace trace;
    std::uint64_t caller = 0;
};

_Unwind_Reason_Code add_frame(_Unwind_Context* context, void* to) {
    auto& walk = *static_cast<Walk*>(to);
    auto& trace = walk.trace;
    const std::uint64_t pc = _Unwind_GetIP(context);
    if (pc == 0)
        return _URC_END_OF_STACK;
    if (trace.count == 0 && pc != walk.caller)
        return _URC_NO_REASON; // a frame of ours
    trace.pcs[trace.count++] = pc;
    return trace.count == trace.pcs.size() ? _URC_END_OF_STACK : _URC_NO_REASON;
}

} // namespace

CreationTrace trace_from(const void* caller) noexcept {
    Walk walk;
    walk.caller = reinterpret_cast<std::uintptr_t>(caller);
    _Unwind_Backtrace(add_frame, &walk);
    return walk.trace;
}

} // namespace tasks::agent
