// Coroutines as g++ 10 and later compile them: a function X.Frame.actor that resumes, which an odd suspend index makes
// destroy, and X.Frame.destroy. The frame is a struct NAME.Frame in the debug information, with every argument, local
// variable and awaiter (gcc/cp/coroutines.cc). No state.
#pragma once

#include "coroutines/compiler_frames.hpp"

namespace tasks::inspect {

class GccFrames final : public CompilerFrames {
public:
    CoroutineCompiler compiler() const noexcept override { return CoroutineCompiler::gcc; }
    std::optional<CoroutineSymbol> symbol(std::string_view name) const override;
    std::string linkage_name(std::string_view stem) const override;
    FrameLayout layout(FrameDebug& debug, const CoroutineCode& code) const override;
    std::optional<std::uint32_t> promise_end(std::uint64_t frame, std::span<const std::uint64_t> words) const override;
    bool has_self_handle() const noexcept override { return true; }
};

} // namespace tasks::inspect
