#include "coroutines/compiler_frames.hpp"

#include <array>

#include "coroutines/clang_frames.hpp"
#include "coroutines/gcc_frames.hpp"

namespace tasks::inspect {

namespace {

const GccFrames gcc;
const ClangFrames clang;
const std::array<const CompilerFrames*, 2> known{&gcc, &clang};

} // namespace

const CompilerFrames& frames_of(CoroutineCompiler compiler) noexcept {
    if (compiler == CoroutineCompiler::gcc)
        return gcc;
    return clang;
}

std::span<const CompilerFrames* const> known_compilers() noexcept { return known; }

} // namespace tasks::inspect
