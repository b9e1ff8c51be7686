! check.f90 - what the Fortran binding gives beyond the example: a struct of options with its defaults,
! whole numbers, and messages of refusals.
program binding_check
  use sslcuda
  implicit none
  type(context_t) :: ctx
  type(sslcuda_contrastive_args) :: args
  integer(c_int64_t) :: labels(4) = [0_c_int64_t, 1_c_int64_t, 0_c_int64_t, -1_c_int64_t], back(4)
  real(c_float) :: rows(2, 4), loss
  integer(c_int32_t) :: code
  character(:), allocatable :: words

  call ctx%create(device=sslcuda_device_cpu)
  call ctx%download(ctx%upload(labels), back)
  call expect(all(back == labels), "whole numbers come back")

  ! Supervised: rows 1 and 3 are equal, and of one class; no other row has a positive.
  rows = reshape([1.0, 0.0, 0.0, 1.0, 1.0, 0.0, -1.0, 0.0], [2, 4])
  args%kind = sslcuda_supcon
  args%n = 4
  args%d = 2
  args%a = ctx%upload(rows)
  args%lda = 2
  args%labels = ctx%upload(labels)
  args%loss = ctx%allocate_real(1)
  call ctx%check(sslcuda_contrastive(ctx%handle, sslcuda_f32, args))
  call ctx%download(args%loss, loss)
  call expect(abs(loss - (log(exp(1.0) + 1.0 + exp(-1.0)) - 1.0)) < 1e-6, "loss of the formula")

  args%tau = -1.0
  code = sslcuda_contrastive(ctx%handle, sslcuda_f32, args)
  words = ctx%message(code)
  call expect(code == sslcuda_invalid_value, "a negative temperature is refused")
  call expect(index(words, "tau must be finite and > 0, got -1") > 0, words)
  call ctx%destroy()

contains
  subroutine expect(holds, what)
    logical, intent(in) :: holds
    character(*), intent(in) :: what
    if (holds) return
    print "(a)", "not as expected: " // what
    error stop 1
  end subroutine expect
end program binding_check
