! sslcuda.f90 - libsslcuda from Fortran 2018: a context with its memory, and failures as messages.
!
!   type(context_t) :: ctx
!   call ctx%create()                              ! a GPU if there is one, else the CPU
!   x = ctx%upload(array)                          ! type(c_ptr), freed with the context
!   call ctx%check(sslcuda_mse(ctx%handle, sslcuda_f32, size(array, kind=c_int64_t), x, ...))
!   call ctx%download(gradient, array)
!   call ctx%destroy()
!
! All of sslcuda.h comes with it, as it is, from module sslcuda_c; [opt] pointers take c_null_ptr.
! The library's matrices are row-major: its [n, d] is an array (d, n) here.
module sslcuda
  use sslcuda_c
  implicit none
  public
  private :: copy_in, new_memory, upload_real, upload_int64, download_real, download_int64

  type :: context_t
    type(c_ptr) :: handle = c_null_ptr
  contains
    procedure :: create
    procedure :: destroy
    procedure :: check
    procedure :: message
    procedure :: allocate_real
    procedure, private :: upload_real, upload_int64, download_real, download_int64
    generic :: upload => upload_real, upload_int64
    generic :: download => download_real, download_int64
  end type context_t

contains
  ! `device` is sslcuda_device_auto, _cpu or _cuda; `ordinal` says which GPU.
  subroutine create(self, device, ordinal)
    class(context_t), intent(inout) :: self
    integer(c_int32_t), intent(in), optional :: device, ordinal
    type(sslcuda_context_options) :: options
    if (present(device)) options%device = device
    if (present(ordinal)) options%ordinal = ordinal
    call self%check(sslcuda_context_create(options, self%handle))
  end subroutine create

  ! Frees all that was uploaded and allocated, too.
  subroutine destroy(self)
    class(context_t), intent(inout) :: self
    integer(c_int32_t) :: code
    code = sslcuda_context_destroy(self%handle)
    self%handle = c_null_ptr
  end subroutine destroy

  ! Stops the program with the library's message if a call failed. To go on instead, look at the
  ! code yourself, and at message().
  subroutine check(self, code)
    class(context_t), intent(in) :: self
    integer(c_int32_t), intent(in) :: code
    character(:), allocatable :: words
    if (code == sslcuda_ok) return
    words = text(sslcuda_status_name(code)) // ": " // self%message(code)
    error stop words
  end subroutine check

  ! The message of the failed call that gave `code`.
  function message(self, code) result(words)
    class(context_t), intent(in) :: self
    integer(c_int32_t), intent(in) :: code
    character(:), allocatable :: words
    character(kind=c_char), target :: buffer(1024)
    type(c_ptr) :: where
    integer(c_int32_t) :: ignored
    where = self%handle
    ! These two left their message in the thread.
    if (code == sslcuda_busy .or. code == sslcuda_invalid_context) where = c_null_ptr
    buffer = c_null_char
    ignored = sslcuda_last_message(where, buffer, size(buffer, kind=c_size_t))
    words = text(c_loc(buffer))
  end function message

  ! Memory for `count` numbers, contents undefined.
  function allocate_real(self, count) result(memory)
    class(context_t), intent(in) :: self
    integer, intent(in) :: count
    type(c_ptr) :: memory
    memory = new_memory(self, 4_c_size_t * int(count, c_size_t))
  end function allocate_real

  function upload_real(self, array) result(memory)
    class(context_t), intent(in) :: self
    real(c_float), intent(in), contiguous, target :: array(..)
    type(c_ptr) :: memory
    memory = copy_in(self, c_loc(array), 4 * size(array, kind=c_size_t))
  end function upload_real

  function upload_int64(self, array) result(memory)
    class(context_t), intent(in) :: self
    integer(c_int64_t), intent(in), contiguous, target :: array(..)
    type(c_ptr) :: memory
    memory = copy_in(self, c_loc(array), 8 * size(array, kind=c_size_t))
  end function upload_int64

  ! Fills `array` from the memory's start, after the work that was queued before.
  subroutine download_real(self, memory, array)
    class(context_t), intent(in) :: self
    type(c_ptr), intent(in) :: memory
    real(c_float), intent(inout), contiguous, target :: array(..)
    call self%check(sslcuda_copy(self%handle, c_loc(array), memory, &
                                 4 * size(array, kind=c_size_t), sslcuda_device_to_host))
  end subroutine download_real

  subroutine download_int64(self, memory, array)
    class(context_t), intent(in) :: self
    type(c_ptr), intent(in) :: memory
    integer(c_int64_t), intent(inout), contiguous, target :: array(..)
    call self%check(sslcuda_copy(self%handle, c_loc(array), memory, &
                                 8 * size(array, kind=c_size_t), sslcuda_device_to_host))
  end subroutine download_int64

  function new_memory(self, bytes) result(memory)
    class(context_t), intent(in) :: self
    integer(c_size_t), intent(in) :: bytes
    type(c_ptr) :: memory
    call self%check(sslcuda_alloc(self%handle, bytes, memory))
  end function new_memory

  function copy_in(self, source, bytes) result(memory)
    class(context_t), intent(in) :: self
    type(c_ptr), intent(in) :: source
    integer(c_size_t), intent(in) :: bytes
    type(c_ptr) :: memory
    memory = new_memory(self, bytes)
    call self%check(sslcuda_copy(self%handle, memory, source, bytes, sslcuda_host_to_device))
  end function copy_in

  ! A C string as Fortran has it.
  function text(pointer) result(words)
    type(c_ptr), intent(in) :: pointer
    character(:), allocatable :: words
    character(kind=c_char), pointer :: characters(:)
    integer :: length
    call c_f_pointer(pointer, characters, [1024])
    words = ""
    do length = 1, size(characters)
      if (characters(length) == c_null_char) exit
      words = words // characters(length)
    end do
  end function text
end module sslcuda
