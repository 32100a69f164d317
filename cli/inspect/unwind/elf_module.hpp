// One ELF file of the target with what unwinding and naming need of it, each opened at its first use: call frame
// information, debug information (its own or a separate file's), starts of functions. Owned by ModuleMap. All addresses
// are the file's own (pc - bias). One thread at a time.
#pragma once

#include <elfutils/libdw.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/snapshot.hpp"
#include "unwind/debug_file.hpp"
#include "unwind/elf_image.hpp"
#include "unwind/split_units.hpp"

namespace tasks::inspect {

class ElfModule {
public:
    ElfModule(ElfImage image, FilePlace place) : image_(std::move(image)), place_(std::move(place)) {}

    const ElfImage& image() const noexcept { return image_; }
    const std::string& path() const noexcept { return place_.path; }

    /// What to subtract from a pc in that mapping. Empty: the file has no segment that could have been mapped there.
    std::optional<std::uint64_t> bias_of(const ModuleFacts& mapping) const;

    /// .eh_frame, or null. Owned here.
    Dwarf_CFI* frames();
    /// .debug_frame, or null. Owned here.
    Dwarf_CFI* debug_frames();
    /// DWARF, or null. Owned here.
    Dwarf* dwarf();
    /// The separate debug file, or null. Its DWARF is not opened for it: libdw then decompresses all of it.
    const ElfImage* debug_image();
    /// The unit with its functions, which split debug information has in another file; else the unit itself.
    Dwarf_Die full_unit(Dwarf_Die unit);
    /// A sentence for each thing that was to be had of its debug information, and is not.
    std::vector<std::string> problems() const;

    /// Where the function at that address starts, as .eh_frame_hdr tells it, or .eh_frame where there is none.
    std::optional<std::uint64_t> function_start(std::uint64_t address);
    /// The next function's start after that address.
    std::optional<std::uint64_t> next_function(std::uint64_t address);
    /// Whether signal handlers return to that address.
    bool is_signal_return(std::uint64_t address) const;
    /// Whether the root of a fiber is there; only to be asked where there is no call frame information.
    bool is_fiber_root(std::uint64_t address) const;

private:
    struct EndDwarf {
        void operator()(Dwarf* dwarf) const noexcept { dwarf_end(dwarf); }
    };
    struct EndCfi {
        void operator()(Dwarf_CFI* cfi) const noexcept { dwarf_cfi_end(cfi); }
    };

    bool has_own_debug_information() const;
    void open_debug_information();
    bool attach_shared_file(const ElfImage& image, const std::string& path);
    void read_function_starts();
    void read_header_of_frames();

    ElfImage image_;
    FilePlace place_;

    std::optional<FoundFile> debug_file_;
    std::optional<FoundFile> shared_file_;
    std::optional<SplitUnits> split_units_;
    std::string problem_;
    std::unique_ptr<Dwarf, EndDwarf> shared_dwarf_;
    std::unique_ptr<Dwarf, EndDwarf> dwarf_; // before the files it reads
    std::unique_ptr<Dwarf_CFI, EndCfi> frames_;
    bool frames_tried_ = false;
    bool debug_file_tried_ = false;
    bool debug_tried_ = false;
    bool starts_tried_ = false;
    std::vector<std::uint64_t> function_starts_; ///< sorted
};

} // namespace tasks::inspect
