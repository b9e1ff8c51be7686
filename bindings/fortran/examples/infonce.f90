! infonce.f90 - an InfoNCE loss and its gradients from Fortran, on a GPU or the CPU. In bindings/fortran:
!   gfortran sslcuda_c.f90 sslcuda.f90 examples/infonce.f90 $(pkg-config --libs sslcuda) -o infonce
!   ./infonce
program infonce
  use sslcuda
  implicit none
  integer(c_int64_t), parameter :: n = 3, d = 2
  type(context_t) :: ctx
  type(c_ptr) :: a_, b_, loss_, grad_a_, grad_b_  ! in the device's memory
  real(c_float) :: a(d, n), b(d, n), loss, grad_a(d, n), grad_b(d, n)

  ! The library's row i is column i here. Row i of a and row i of b are a pair; the other rows of b
  ! are what row i of a must not match.
  a = reshape([1.0, 0.0, 0.0, 1.0, -1.0, 0.5], [d, n])
  b = reshape([0.9, 0.1, 0.2, 1.0, -1.0, 0.0], [d, n])

  call ctx%create()
  a_ = ctx%upload(a)
  b_ = ctx%upload(b)
  loss_ = ctx%allocate_real(1)
  grad_a_ = ctx%allocate_real(size(grad_a))
  grad_b_ = ctx%allocate_real(size(grad_b))
  call ctx%check(sslcuda_infonce(ctx%handle, sslcuda_f32, n, d, a_, d, b_, d, 0.5, c_null_ptr, &
                                 c_null_ptr, loss_, c_null_ptr, grad_a_, grad_b_, c_null_ptr))
  call ctx%download(loss_, loss)
  call ctx%download(grad_a_, grad_a)
  call ctx%download(grad_b_, grad_b)
  call ctx%destroy()

  print "(a)", "loss " // fixed(loss)
  call show("grad_a", grad_a)
  call show("grad_b", grad_b)

contains
  subroutine show(name, matrix)
    character(*), intent(in) :: name
    real(c_float), intent(in) :: matrix(:, :)
    integer :: i
    do i = 1, size(matrix, 2)
      print "(a)", name // " " // fixed(matrix(1, i)) // " " // fixed(matrix(2, i))
    end do
  end subroutine show

  function fixed(number) result(words)
    real(c_float), intent(in) :: number
    character(:), allocatable :: words
    character(24) :: field
    write (field, "(f24.6)") number
    words = trim(adjustl(field))
  end function fixed
end program infonce
