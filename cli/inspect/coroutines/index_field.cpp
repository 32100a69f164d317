#include "coroutines/index_field.hpp"

#include <algorithm>

#include "coroutines/code_walk.hpp"

namespace tasks::inspect {

namespace {

// g++ has an unsigned short for any number of points; clang as few bits as the points need, in whole bytes.
bool may_be_index(CoroutineCompiler compiler, const FrameField& field) {
    return compiler == CoroutineCompiler::gcc ? field.bytes == 2 : field.bytes <= 4;
}

bool decides(const FunctionCode& code, const FrameField& field) {
    std::uint64_t first = 0;
    for (std::uint64_t index = 0; index < 5; ++index) {
        const ResumePlace place = walk_to(code, field, index);
        if (!place.by_index)
            continue;
        if (first != 0 && place.address != first)
            return true;
        first = place.address;
    }
    return false;
}

} // namespace

std::optional<FrameField> index_field(const FunctionCode& code) {
    for (const FrameField& field : fields_read(code))
        if (may_be_index(code.code().compiler, field) && decides(code, field))
            return field;
    return std::nullopt;
}

std::optional<FrameField> index_field(ElfModule& module, const CoroutineCode& code) {
    return index_field(FunctionCode{module.image(), code});
}

} // namespace tasks::inspect
