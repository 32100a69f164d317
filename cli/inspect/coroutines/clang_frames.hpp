// Coroutines as clang 14 and later compile them: functions X.resume, X.destroy and X.cleanup. Without optimization the
// debug information has a struct X.coro_frame_ty; with it the variables of X.resume tell what they can, by their places
// relative to the frame (llvm/lib/Transforms/Coroutines/CoroFrame.cpp). No state.
#pragma once

#include "coroutines/compiler_frames.hpp"

namespace tasks::inspect {

class ClangFrames final : public CompilerFrames {
public:
    CoroutineCompiler compiler() const noexcept override { return CoroutineCompiler::clang; }
    std::optional<CoroutineSymbol> symbol(std::string_view name) const override;
    std::string linkage_name(std::string_view stem) const override;
    FrameLayout layout(FrameDebug& debug, const CoroutineCode& code) const override;
    std::optional<std::uint32_t> promise_end(std::uint64_t, std::span<const std::uint64_t>) const override {
        return std::nullopt;
    }
    bool has_self_handle() const noexcept override { return false; }
};

} // namespace tasks::inspect
